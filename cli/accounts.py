"""``password``: the way in for the first administrator, and for one who has lost everything."""

from __future__ import annotations

import argparse

from cli.settings import Settings
from processes.casework.accounts import passwords
from processes.casework.reference import Reference
from processes.store.database import Database


def password(settings: Settings, options: argparse.Namespace) -> int:
    """Give an account a password, and print it: it is kept nowhere, and has to be changed at the first login."""
    database = Database(settings.database_url)
    with database.read() as connection:
        rules = Reference.read(connection).account_rules
    now = settings.wall_clock().now()
    given = passwords.hand_out(database, rules, options.account, now, by="app.py password")
    print(f"{options.account} 的初始密码：{given}")
    print(f"请在 {rules.initial_hours} 小时内登录并更换；该账号此前的登录已全部退出。")
    database.dispose()
    return 0

"""``reindex``: what cases are found by, written anew."""

from __future__ import annotations

import argparse

from cli.settings import Settings
from processes.casework import words
from processes.store.database import Database


def reindex(settings: Settings, options: argparse.Namespace) -> int:
    """Write the rows of all cases anew, some at a time; it can be broken off and begun again, while the platform runs or not."""
    database = Database(settings.database_url)
    database.migrate()
    done, after = 0, ""
    while True:
        with database.write() as connection:
            count, last = words.reindex(connection, after)
        done += count
        if last is None:
            break
        after = last
    print(f"已为 {done:,} 件事项重建索引")
    return 0

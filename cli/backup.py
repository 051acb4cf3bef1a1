"""``backup`` and ``restore``: the database in a file, and back."""

from __future__ import annotations

import argparse

from cli.settings import Settings
from processes.runtime.resending import resend_open_jobs
from processes.runtime.workshop import Settings as EngineSettings
from processes.store.backup import restore as restore_backup
from processes.store.backup import write as write_backup
from processes.store.backup.progress import on_terminal
from processes.store.database import Database


def backup(settings: Settings, options: argparse.Namespace) -> int:
    """Back the database up, while the platform runs or not."""
    database = Database(settings.database_url)
    manifest = write_backup(database, options.file, progress=on_terminal)
    print(f"已备份 {manifest.rows:,} 行到 {options.file}（{options.file.stat().st_size / 1e6:,.1f} MB）")
    return 0


def restore(settings: Settings, options: argparse.Namespace) -> int:
    """Restore a backup into an empty database."""
    now, source = settings.wall_clock().now(), EngineSettings().source
    manifest = restore_backup(
        Database(settings.database_url),
        options.file,
        force=options.force,
        finish=lambda connection: resend_open_jobs(connection, source, now),
        progress=on_terminal,
    )
    print(f"已恢复 {manifest.rows:,} 行，备份时间 {manifest.made_at}；现在可以启动平台")
    return 0

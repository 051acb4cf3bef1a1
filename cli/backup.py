"""``backup`` and ``restore``: the database in a file, and back. ``erased``: what was deleted at people's request, to be deleted again after that."""

from __future__ import annotations

import argparse

from sqlalchemy import Connection

from cli.settings import Settings
from processes.casework.subjects import again
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
    """Restore a backup into an empty database; what has been deleted since at somebody's request is deleted again."""
    now, source = settings.wall_clock().now(), EngineSettings().source
    database = Database(settings.database_url)
    listed = [
        *(again.read(options.erased) if options.erased else ()),
        *(again.known(database) if options.force else ()),
    ]
    done = (0, 0)

    def finish(connection: Connection) -> None:
        nonlocal done
        resend_open_jobs(connection, source, now)
        done = again.delete(connection, listed, now)

    manifest = restore_backup(database, options.file, force=options.force, finish=finish, progress=on_terminal)
    if listed:
        database.scrub()
        print(f"按删除清单重新删除 {done[0]:,} 件来件的个人信息")
    if done[1]:
        print(f"其中 {done[1]:,} 件在备份时还没有办结，内容已经删除：启动后请逐件取消")
    print(f"已恢复 {manifest.rows:,} 行，备份时间 {manifest.made_at}；现在可以启动平台")
    return 0


def erased(settings: Settings, options: argparse.Namespace) -> int:
    """Write down what was deleted, to be kept beside the backups."""
    listed = again.known(Database(settings.database_url))
    again.write(options.file, listed)
    print(f"已写出 {len(listed):,} 条到 {options.file}；恢复旧备份时加 --erased {options.file}")
    return 0

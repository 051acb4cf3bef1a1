"""``audit``: the log of acts that matter to security, on the database itself: whether it is whole, a copy, old entries into a file."""

from __future__ import annotations

import argparse

from cli.settings import Settings
from processes.casework.audit import log, sealing, verifying
from processes.casework.audit.verifying import Mark
from processes.store.database import Database


def audit(settings: Settings, options: argparse.Namespace) -> int:
    """Carry out what was asked for; a broken chain is an error, told by the first entry that is not as it was written."""
    if options.action == "verify" and options.file is not None:
        found = sealing.verify_file(options.file)
        print(f"文件完好：{found.count:,} 条，第 {found.first} 至 {found.last.seq} 条，最后一条 {found.last}")
        return 0
    database = Database(settings.database_url)
    try:
        {"verify": _verify, "export": _export, "seal": _seal, "hash": _hash}[options.action](
            database, settings, options
        )
    finally:
        database.dispose()
    return 0


def _verify(database: Database, settings: Settings, options: argparse.Namespace) -> None:
    known = Mark.parse(options.known) if options.known else None
    with database.read() as connection:
        found = verifying.verify(connection, known)
    print(f"审计日志完好：{found.count:,} 条，从第 {found.first} 条起")
    print(f"最后一条 {found.last}（请另行保存，下次用 --known 核对）")


def _export(database: Database, settings: Settings, options: argparse.Namespace) -> None:
    with database.read() as connection:
        written = sealing.write(options.file, verifying.stored(connection))
    with database.write() as connection:
        now, about = settings.wall_clock().now(), f"file:{options.file.name}"
        log.record(connection, now, _BY, "audit.export", about, entries=written.count, sha256=written.sha256)
    print(f"已导出 {written.count:,} 条到 {options.file}，SHA-256 {written.sha256}")


def _seal(database: Database, settings: Settings, options: argparse.Namespace) -> None:
    now = settings.wall_clock().now()
    through, written = sealing.seal(database, options.file, settings.audit_kept, now, by=_BY)
    print(f"已封存 {written.count:,} 条（至第 {through.seq} 条）到 {options.file}，SHA-256 {written.sha256}")


def _hash(database: Database, settings: Settings, options: argparse.Namespace) -> None:
    with database.write() as connection:
        log.use(connection, options.algorithm, settings.wall_clock().now(), by=_BY)
    print(f"从下一条起使用 {options.algorithm}")


_BY = "app.py audit"

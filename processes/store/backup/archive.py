"""The file: a ZIP whose members are zstd-compressed tables, one JSON array a line, and a manifest that vouches for them.

Any tool can look into it (``unzip``, ``zstd -d``, ``jq``). It is written front to back and read part by part, so its size does
not matter. It holds personal data: only its owner may read it.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson
import zstandard

from processes.errors import BihuanError
from processes.failpoints import hit
from processes.store.backup.progress import Tell
from processes.store.backup.values import KINDS, Column

FORMAT = 1
"""The version of this format: raised when older software could no longer read it."""

MANIFEST = "manifest.json"

_LEVEL = 3
"""zstd's own default: half as large as level 1 on states and history, and still faster than the database."""

_CHUNK = 1 << 20
"""Bytes in hand at once."""

_OFTEN = 1000
"""Rows between two tells of how far it has come."""

_WINDOW = 1 << 27
"""The largest window that is granted to a file that asks for one."""


class BackupError(BihuanError):
    """A backup could not be made or restored; nothing has been changed."""


class Damaged(BackupError):
    """The file is not what was written: ``part`` names what is damaged."""

    def __init__(self, file: Path, part: str, en: str) -> None:
        super().__init__(
            f"备份文件 {file} 已损坏（{part}），没有恢复任何内容；请换一份备份", f"{file}: {part}: {en}", part=part
        )


@dataclass(frozen=True)
class Table:
    """A table in a backup: what it holds, and by what its part is known to be whole."""

    name: str
    part: str
    columns: tuple[Column, ...]
    rows: int
    sha256: str
    """of the part's bytes, as they lie in the file"""


@dataclass(frozen=True)
class Manifest:
    """What a backup is: ``schema`` is the database's level, ``software`` the version that wrote it."""

    software: str
    schema: int
    database: str
    made_at: str
    tables: tuple[Table, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)

    def to_json(self) -> bytes:
        """As it stands in the file; a table's columns are name → kind, in their order."""
        said = {"format": FORMAT, **asdict(self)}
        for table, each in zip(self.tables, said["tables"], strict=True):
            each["columns"] = {column.name: column.kind for column in table.columns}
        return orjson.dumps(said, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, body: bytes) -> Manifest:
        """What :meth:`to_json` wrote. Raises KeyError, TypeError, ValueError or AttributeError for anything else."""
        said = orjson.loads(body)
        if int(said["format"]) > FORMAT:
            raise BackupError(
                f"备份文件是更新的格式（{said['format']}），请用新版本的软件恢复", f"format {said['format']} is newer"
            )
        tables = tuple(_table(each) for each in said["tables"])
        return cls(str(said["software"]), int(said["schema"]), str(said["database"]), str(said["made_at"]), tables)


def _table(said: Mapping[str, Any]) -> Table:
    columns = tuple(Column(str(name), str(kind)) for name, kind in said["columns"].items())
    if not columns or any(column.kind not in KINDS for column in columns):
        raise ValueError(f"columns of {said['name']}")
    return Table(str(said["name"]), str(said["part"]), columns, int(said["rows"]), str(said["sha256"]))


# ---- writing -----------------------------------------------------------------------------------------------------------


class Writer:
    """The file while it is written; see :func:`writing`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._tables: list[Table] = []

    def add(self, name: str, columns: Sequence[Column], lines: Iterable[bytes], tell: Tell) -> None:
        """Add a table, line by line."""
        part = f"tables/{name}.jsonl.zst"
        rows = 0
        with self._zip.open(_member(part), "w", force_zip64=True) as member:
            sink: Any = _Hashing(member)
            with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(sink, closefd=False) as compressed:
                for line in lines:
                    compressed.write(line)
                    rows += 1
                    if rows % _OFTEN == 0:
                        tell(_OFTEN)
        tell(rows % _OFTEN)
        self._tables.append(Table(name, part, tuple(columns), rows, sink.digest.hexdigest()))

    def finish(self, software: str, schema: int, database: str, made_at: datetime) -> Manifest:
        """Add the manifest: the file is whole."""
        manifest = Manifest(software, schema, database, made_at.isoformat(), tuple(self._tables))
        self._zip.writestr(_member(MANIFEST), manifest.to_json())
        return manifest

    def close(self) -> None:
        """End the file."""
        self._zip.close()


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o600 << 16
    return info


@contextmanager
def writing(file: Path) -> Iterator[Writer]:
    """A file that appears at ``file`` when the block ends, whole and on the disk, or not at all.

    :raises BackupError: when there is such a file already, or it can't be written
    """
    fresh = file.with_name(file.name + ".part")
    for each in (file, fresh):
        if each.exists():
            raise BackupError(f"文件 {each} 已存在，不会覆盖；请换一个文件名，或确认无用后删除它", f"{each} exists")
    try:
        with _created(fresh) as stream:
            with closing(Writer(stream)) as writer:
                yield writer
            stream.flush()
            os.fsync(stream.fileno())
        hit("backup.written")
        fresh.rename(file)
        _sync(file.parent)
    except OSError as error:
        raise BackupError(f"写不了备份文件 {file}（{error.strerror}）", f"{file}: {error}") from error


@contextmanager
def _created(file: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read; gone again when the block raises."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "w+b") as stream:
            yield stream
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Make the new name last."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class _Hashing(io.RawIOBase):
    """Passes bytes on and works out their hash on the way; either way."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self.digest = hashlib.sha256()

    def write(self, some: Any) -> int:
        self.digest.update(some)
        return self._stream.write(some)

    def read(self, size: int = -1) -> bytes:
        some = self._stream.read(size)
        self.digest.update(some)
        return some

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True


# ---- reading -----------------------------------------------------------------------------------------------------------


class Archive:
    """A backup that is read: ``with Archive(file) as archive``.

    :raises BackupError: when the file is not there; :class:`Damaged` when it is no backup, or not a whole one
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except OSError as error:
            raise BackupError(f"读不了备份文件 {file}（{error.strerror}）", f"{file}: {error}") from error
        except zipfile.BadZipFile as error:
            raise Damaged(file, "不是备份文件，或不完整", str(error)) from error
        try:
            self.manifest = Manifest.from_json(self._zip.read(MANIFEST))
        except (KeyError, TypeError, ValueError, AttributeError, zipfile.BadZipFile) as error:
            self._zip.close()
            raise Damaged(file, MANIFEST, f"{type(error).__name__}: {error}") from error

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._zip.close()

    def verify(self, table: Table, tell: Tell) -> None:
        """Read a part to its end.

        :raises Damaged: when its hash or its number of rows is not what the manifest says
        """
        with self._reading(table), self._zip.open(table.part) as member:
            source = _Hashing(member)
            rows = 0
            for chunk in _chunks(_decompressed(source)):
                more = chunk.count(b"\n")
                rows += more
                tell(more)
            for _ in _chunks(source):
                continue  # what lies behind the table's end counts too
            if source.digest.hexdigest() != table.sha256:
                raise Damaged(self._file, table.part, "its hash is another")
            if rows != table.rows:
                raise Damaged(self._file, table.part, f"{rows} rows, not {table.rows}")

    def lines(self, table: Table) -> Iterator[bytes]:
        """The rows of a table, one line each."""
        with self._reading(table), self._zip.open(table.part) as member:
            yield from io.BufferedReader(_decompressed(member), _CHUNK)

    @contextmanager
    def _reading(self, table: Table) -> Iterator[None]:
        try:
            yield
        except (KeyError, EOFError, zipfile.BadZipFile, zstandard.ZstdError, NotImplementedError) as error:
            raise Damaged(self._file, table.part, f"{type(error).__name__}: {error}") from error


def _decompressed(source: Any) -> Any:
    return zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(source, closefd=False)


def _chunks(stream: Any) -> Iterator[bytes]:
    while some := stream.read(_CHUNK):
        yield some

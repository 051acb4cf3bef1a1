"""Which files are taken, told by their bytes and never by their names; and names that can do no harm.

The kinds stand in ``file_types.csv``: ``signature`` (hexadecimal) is found ``at`` that many bytes from the beginning, and a container (ZIP, OLE)
``holds`` that part. A kind without a signature is readable text.
"""

from __future__ import annotations

import csv
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from struct import error as StructError
from typing import BinaryIO

from processes.errors import BihuanError

TABLE = Path(__file__).with_suffix(".csv")

PIECE = 1024 * 1024
"""bytes looked at at a time"""

LONGEST = 120
"""characters of a name"""

ZIP, OLE = bytes.fromhex("504b0304"), bytes.fromhex("d0cf11e0a1b11ae1")

MACROS = "vbaproject.bin"
"""the part of a ZIP container that holds macros"""
OLE_MACROS = "_VBA_PROJECT".encode("utf-16-le")

ENCODINGS = ("utf-8", "gb18030")
"""in which text is readable"""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_UNFIT = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)


class NotTaken(BihuanError):
    """The file is of no kind that is taken."""


@dataclass(frozen=True)
class FileType:
    """A kind of file. ``suffixes``: the endings its names may have, the usual one first."""

    title: str
    media_type: str
    suffixes: tuple[str, ...]
    at: int
    signature: bytes
    holds: str


@cache
def types() -> tuple[FileType, ...]:
    """The kinds that are taken."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return tuple(
            FileType(
                row["title"],
                row["media_type"],
                tuple(row["suffixes"].split()),
                int(row["at"]),
                bytes.fromhex(row["signature"]),
                row["holds"],
            )
            for row in csv.DictReader(lines)
        )


def titles() -> Sequence[str]:
    """What people call the kinds that are taken, each once."""
    return list(dict.fromkeys(each.title for each in types()))


def suffixes() -> Sequence[str]:
    """The endings of names of files that are taken."""
    return list(dict.fromkeys(suffix for each in types() for suffix in each.suffixes))


def kind_of(stream: BinaryIO) -> FileType:
    """The kind of a file, by its bytes. Raises :class:`NotTaken`."""
    stream.seek(0)
    head = stream.read(64)
    if not head:
        raise NotTaken("是空文件", "it is empty")
    for each in types():
        if each.signature and head[each.at :].startswith(each.signature) and _holds(stream, each):
            return each
    text = next((each for each in types() if not each.signature), None)
    if text is not None and not head.startswith((ZIP, OLE, b"%PDF")) and _is_text(stream):
        return text
    raise NotTaken("不是可以上传的类型", "files of this kind are not taken")


def clean_name(name: str, kind: FileType) -> str:
    """A name without folders and signs that mean something to a system, with an ending that is its kind's.

    >>> clean_name("..\\\\C:\\\\a/../发票.pdf.exe", next(each for each in types() if each.title == "PDF"))
    '发票.pdf.exe.pdf'
    """
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join(each for each in base if each == " " or unicodedata.category(each)[0] not in "CZ")
    plain = " ".join(_UNFIT.sub("_", plain).split()).strip(". ")
    stem, dot, suffix = plain.rpartition(".")
    if not dot or suffix.lower() not in kind.suffixes:
        stem, suffix = plain, kind.suffixes[0]
    stem = stem[: LONGEST - len(suffix) - 1].strip(". ") or "附件"
    return f"{'_' if _DEVICE.match(stem) else ''}{stem}.{suffix.lower()}"


def _holds(stream: BinaryIO, kind: FileType) -> bool:
    if not kind.holds:
        return True
    return _zip_holds(stream, kind.holds) if kind.signature == ZIP else _ole_holds(stream, kind.holds)


def _zip_holds(stream: BinaryIO, part: str) -> bool:
    try:
        names = zipfile.ZipFile(stream).namelist()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, StructError) as error:
        raise NotTaken("已损坏，打不开", f"it is damaged and cannot be opened ({type(error).__name__})") from error
    if any(name.lower().endswith(MACROS) for name in names):
        raise NotTaken("含有宏，不能上传；请另存为不含宏的文件", "it holds macros: save it without them")
    return part in names


def _ole_holds(stream: BinaryIO, part: str) -> bool:
    """The names of an OLE container's parts stand in its directory as UTF-16."""
    if _contains(stream, OLE_MACROS):
        raise NotTaken("含有宏，不能上传；请另存为不含宏的文件", "it holds macros: save it without them")
    return _contains(stream, part.encode("utf-16-le"))


def _contains(stream: BinaryIO, wanted: bytes) -> bool:
    tail = b""
    for piece in pieces(stream, PIECE):
        if wanted in tail + piece:
            return True
        tail = piece[-len(wanted) :]
    return False


def _is_text(stream: BinaryIO) -> bool:
    body = b"".join(pieces(stream, PIECE))
    if _CONTROL.search(body):
        return False
    return any(_reads_as(body, encoding) for encoding in ENCODINGS)


def _reads_as(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def pieces(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """A stream from its beginning, so many bytes at a time."""
    stream.seek(0)
    while piece := stream.read(size):
        yield piece

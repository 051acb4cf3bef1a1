"""Which files are taken, by their bytes; and what is left of a name."""

from __future__ import annotations

import io
import zipfile

import pytest

from processes.casework import file_types

PDF = b"%PDF-1.7\n1 0 obj"
PNG = bytes.fromhex("89504e470d0a1a0a") + b"\0" * 40
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 40
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def container(*names: str) -> bytes:
    """A ZIP file with these members."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (PDF, "PDF"),
        (PNG, "PNG"),
        (JPEG, "JPEG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (container("[Content_Types].xml", "word/document.xml"), "Word"),
        (container("[Content_Types].xml", "xl/workbook.xml"), "Excel"),
        (container("OFD.xml", "Doc_0/Document.xml"), "OFD"),
        (OLE + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "Word"),
        ("企业名称,金额\n甲,1\n".encode(), "TXT"),
        ("企业名称,金额\n甲,1\n".encode("gb18030"), "TXT"),
    ],
)
def test_a_kind_is_told_by_the_bytes(body: bytes, title: str) -> None:
    assert file_types.kind_of(io.BytesIO(body)).title == title


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "空文件"),
        (b"MZ\x90\0\x03\0\0\0", "不是可以上传的类型"),
        (b"\x7fELF\x02\x01\x01", "不是可以上传的类型"),
        (container("anything.exe"), "不是可以上传的类型"),
        (b"PK\x03\x04 and no directory", "已损坏"),
        (container("word/document.xml", "word/vbaProject.bin"), "含有宏"),
        (OLE + "WordDocument".encode("utf-16-le") + "_VBA_PROJECT".encode("utf-16-le"), "含有宏"),
        (OLE + b"\0" * 600, "不是可以上传的类型"),
        (b"plain text with a zero byte \0 in it", "不是可以上传的类型"),
        (b"\x80\x81\xff\xfe not text in any encoding \xff", "不是可以上传的类型"),
    ],
)
def test_what_is_of_no_such_kind_is_not_taken_whatever_its_name(body: bytes, why: str) -> None:
    with pytest.raises(file_types.NotTaken, match=why):
        file_types.kind_of(io.BytesIO(body))


def test_a_part_that_lies_across_two_pieces_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_types, "PIECE", 601)
    body = OLE + b"\0" * 585 + "WordDocument".encode("utf-16-le") + b"\0" * 900
    assert file_types.kind_of(io.BytesIO(body)).title == "Word"


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("现场照片.JPG", "现场照片.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("..\\..\\C:\\Windows\\win.ini", "win.ini.jpg"),
        ("发票.jpg.exe", "发票.jpg.exe.jpg"),
        ("a\0b\r\nc.jpg", "abc.jpg"),
        ("\u202egpj.exe.jpg", "gpj.exe.jpg"),
        ('<img src=x onerror="alert(1)">.jpg', "_img src=x onerror=_alert(1)__.jpg"),
        ("", "附件.jpg"),
        ("....", "附件.jpg"),
        (".jpg", "jpg.jpg"),
        ("con.jpg", "_con.jpg"),
        ("名" * 300 + ".jpeg", "名" * 115 + ".jpeg"),
    ],
)
def test_a_name_keeps_nothing_that_could_do_harm(name: str, cleaned: str) -> None:
    kind = next(each for each in file_types.types() if each.title == "JPEG")
    assert file_types.clean_name(name, kind) == cleaned

"""Is this file what its name says? Size, encoding, XML, and nothing that reaches out of the file."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule, Whole
from processes.notation.check.wording import xml_error
from processes.notation.diagram import BPMN, Element
from processes.notation.xml import parse_text

Kind = Literal["bpmn", "dmn", "form"]

# Far above what a person draws (the largest shipped diagram is under 200 KB), far below what stalls a server.
MOST_BYTES = 10 * 1024 * 1024
MOST_ELEMENTS = 150_000
# Counted before parsing: an element has at most two tags, the rest is room for comments.
MOST_TAGS = 3 * MOST_ELEMENTS

DMN_NAMESPACES = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
)
# Text encodings only: Python's list also holds rot13 and compressors.
ENCODINGS = frozenset(
    {"utf-8", "utf-16", "utf-32", "ascii", "gb2312", "gbk", "gb18030", "big5", "iso8859-1", "cp1252", "iso8859-15"}
)
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DECLARATION = re.compile(
    rb"""\A<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["'][^>]{0,100}\?>"""
)
PROLOG = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)", re.DOTALL)
SIGNATURES: tuple[tuple[bytes, Both], ...] = (
    (b"PK\x03\x04", Both("压缩包（zip）", "a zip archive")),
    (b"\xd0\xcf\x11\xe0", Both("旧版 Office 文档（.doc、.xls、.vsd）", "an old Office document (.doc, .xls, .vsd)")),
    (b"%PDF", Both("PDF 文档", "a PDF document")),
    (b"\x89PNG", Both("PNG 图片", "a PNG picture")),
    (b"\xff\xd8\xff", Both("JPEG 图片", "a JPEG picture")),
    (b"{\\rtf", Both("RTF 文档", "an RTF document")),
)
ZIPPED: tuple[tuple[bytes, Both], ...] = (
    (b"word/", Both("Word 文档", "a Word document")),
    (b"xl/", Both("Excel 工作簿", "an Excel workbook")),
    (b"ppt/", Both("PowerPoint 演示文稿", "a PowerPoint presentation")),
    (b"visio/", Both("Visio 图", "a Visio drawing")),
)

EMPTY = Rule(
    "empty-file", ERROR, "{it}是空的。", "{it} is empty.",
    "重新从建模工具导出这个文件，或把它删掉。", "Export it again from the modeler, or remove it.",
)  # fmt: skip
TOO_BIG = Rule(
    "file-too-big", ERROR,
    "{it}有 {size} MB，超过上限 {most} MB，没有打开。", "{it} has {size} MB, more than the {most} MB that are read; it was not opened.",
    "一张流程图只有几百 KB；请确认选对了文件，或把流程拆成几个，用调用活动连接。",
    "A diagram has a few hundred KB: make sure it is the right file, or split the process and join the parts by call activities.",
)  # fmt: skip
TOO_MANY_ELEMENTS = Rule(
    "too-many-elements", ERROR,
    "{it}有 {count} 个元素，超过上限 {most} 个。", "{it} has {count} elements, more than {most}.",
    "把流程拆成几个文件，用调用活动连接。", "Split the process into several files and join them by call activities.",
)  # fmt: skip
NOT_XML = Rule(
    "not-a-diagram", ERROR,
    "{it}不是流程图，也不是决策或表单：内容是“{what}”。", "{it} is no diagram, decision or form: it is {what}.",
    "在建模工具里画出流程并导出为 BPMN 2.0 XML，再检查导出的文件。", "Draw the process in a modeler, export it as BPMN 2.0 XML, and check that file.",
)  # fmt: skip
BAD_ENCODING = Rule(
    "encoding", ERROR,
    "{it}的文字编码不是 {encoding}：第 {at} 个字节起无法读出。", "{it} is not {encoding}: it cannot be read from byte {at} on.",
    "用建模工具或文本编辑器把它另存为 UTF-8。", "Save it as UTF-8 in the modeler or a text editor.",
)  # fmt: skip
UNKNOWN_ENCODING = Rule(
    "encoding-unknown", ERROR,
    "{it}声明的文字编码“{encoding}”不受支持。", "{it} declares the encoding {encoding}, which is not supported.",
    "另存为 UTF-8。", "Save it as UTF-8.",
)  # fmt: skip
DOCTYPE = Rule(
    "xml-doctype", ERROR,
    "{it}含有 DOCTYPE 或实体定义，可能被用来读取服务器文件或耗尽内存，已拒绝读取。",
    "{it} has a DOCTYPE or entities, which can read files of the server or exhaust its memory; it was not read.",
    "删去 <!DOCTYPE …> 和其中的 <!ENTITY …>；流程图用不着它们。", "Delete <!DOCTYPE …> with its <!ENTITY …>: diagrams have no use for them.",
)  # fmt: skip
BROKEN_XML = Rule(
    "xml-syntax", ERROR,
    "{it}不是完整的 XML，读到第 {line} 行出错：{detail}。", "{it} is not well-formed XML; line {line}: {detail}",
    "文件多半在传送或手工修改时被截断、损坏；请重新从建模工具导出。",
    "It was probably cut off or damaged in transfer or by hand: export it again from the modeler.",
)  # fmt: skip
WRONG_ROOT = Rule(
    "not-bpmn", ERROR,
    "{it}是 XML，但不是 {expected}：最外层是 <{root}>。", "{it} is XML, but not {expected}: its outermost element is <{root}>.",
    "从建模工具导出为 {expected}；BPMN 1.x、XPDL 和网页都不能直接使用。",
    "Export it from the modeler as {expected}; BPMN 1.x, XPDL and web pages cannot be used.",
)  # fmt: skip
MISNAMED = Rule(
    "misnamed-file", WARNING,
    "{it}的内容是{what}，扩展名应为 {extension}。", "{it} holds {what}: its extension should be {extension}.",
    "把扩展名改为 {extension}。", "Rename it to {extension}.",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Xml:
    """A well-formed BPMN or DMN file."""

    kind: Kind
    root: Element
    text: str


def kind_by_name(file: str) -> Kind | None:
    """What the name promises; None for a name that promises nothing."""
    name = file.lower()
    if name.endswith(".form.json"):
        return "form"
    if name.endswith(".dmn"):
        return "dmn"
    return "bpmn" if name.endswith((".bpmn", ".bpmn2", ".bpmn20.xml", ".bpmn.xml")) else None


def is_imported_only(file: str) -> bool:
    """Whether a file is no model itself, but what diagrams import: XML Schema, WSDL."""
    return file.lower().endswith((".xsd", ".wsdl"))


def too_big(file: str, size: int) -> Finding | None:
    """The finding for a file over the limit."""
    if size <= MOST_BYTES:
        return None
    megabytes = max(round(size / 1024 / 1024), MOST_BYTES // 1024 // 1024 + 1)
    return TOO_BIG.at(Whole(file), size=megabytes, most=MOST_BYTES // 1024 // 1024)


def decode(file: str, data: bytes) -> str | Finding:
    """The file's text without its byte order mark, or what is wrong with it."""
    whole = Whole(file)
    big = too_big(file, len(data))
    if big is not None:
        return big
    if not data.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        return EMPTY.at(whole)
    foreign = foreign_content(data)
    if foreign is not None:
        return NOT_XML.at(whole, what=foreign)
    encoding = next((name for bom, name in BOMS if data.startswith(bom)), "")
    if not encoding:
        declared = DECLARATION.match(data.lstrip())
        encoding = declared[1].decode("ascii") if declared else "utf-8"
        try:
            if codecs.lookup(encoding).name not in ENCODINGS:
                return UNKNOWN_ENCODING.at(whole, encoding=encoding)
        except LookupError:
            return UNKNOWN_ENCODING.at(whole, encoding=encoding)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        return BAD_ENCODING.at(whole, encoding=encoding.upper().removesuffix("-SIG"), at=error.start + 1)
    except UnicodeError:
        return BAD_ENCODING.at(whole, encoding=encoding.upper(), at=1)


def foreign_content(data: bytes) -> Both | None:
    """What else the file is, by its first bytes."""
    for signature, what in SIGNATURES:
        if data.startswith(signature):
            if signature.startswith(b"PK"):
                return next((name for part, name in ZIPPED if part in data), what)
            return what
    return None


def parse(file: str, data: bytes) -> tuple[Xml | None, list[Finding]]:
    """The XML of a BPMN or DMN file, or what is wrong with it. No entities, no DTD, no network."""
    text = decode(file, data)
    if isinstance(text, Finding):
        return None, [text]
    whole = Whole(file)
    body = text.lstrip()
    if has_doctype(body):
        return None, [DOCTYPE.at(whole)]
    if text.count("<") > MOST_TAGS:
        return None, [TOO_MANY_ELEMENTS.at(whole, count=text.count("<") // 2, most=MOST_ELEMENTS)]
    try:
        root = parse_text(text)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        if body[:1] in "{[" and body[:1]:
            return None, [NOT_XML.at(whole, what=Both("JSON 文本", "JSON text"))]
        if not body.startswith("<"):
            return None, [NOT_XML.at(whole, what=Both("普通文字", "plain text"))]
        return None, [BROKEN_XML.at(Whole(file, line), line=line, detail=xml_error(error.msg or ""))]
    except (ValueError, etree.LxmlError) as error:
        return None, [BROKEN_XML.at(Whole(file, 1), line=1, detail=xml_error(str(error)))]
    return _recognise(file, root, text)


def has_doctype(body: str) -> bool:
    """Whether a DOCTYPE stands before the first element."""
    at = 0
    while match := PROLOG.match(body, at):
        at = match.end()
    return body.startswith("<!DOCTYPE", at)


def _recognise(file: str, root: Element, text: str) -> tuple[Xml | None, list[Finding]]:
    whole = Whole(file)
    count = sum(1 for _ in root.iter())
    if count > MOST_ELEMENTS:
        return None, [TOO_MANY_ELEMENTS.at(whole, count=count, most=MOST_ELEMENTS)]
    promised = kind_by_name(file)
    name = etree.QName(root)
    if name.localname == "definitions" and name.namespace == BPMN:
        misnamed = (
            [MISNAMED.at(whole, what=Both("流程图", "a diagram"), extension=".bpmn")] if promised == "dmn" else []
        )
        return Xml("bpmn", root, text), misnamed
    if name.localname == "definitions" and name.namespace in DMN_NAMESPACES:
        misnamed = (
            [MISNAMED.at(whole, what=Both("决策表", "decisions"), extension=".dmn")] if promised == "bpmn" else []
        )
        return Xml("dmn", root, text), misnamed
    return None, [WRONG_ROOT.at(whole, expected="DMN" if promised == "dmn" else "BPMN 2.0", root=str(name.localname))]

"""Messages that travel between deployments only: an escalation with the case's file, the parts of that file, and what is missing of it.

``case.escalated`` v1 is what our own processes send, and what goes to a deployment that knows no other: the file's words stand in it, and
attachments stay behind. v2 carries a list of the file's parts, each by its SHA-256; the parts travel in messages of their own, in pieces
that any broker takes, before it. People's words in a payload are ``{"$words": text}``: the receiver keeps them apart from variables
(ARCHITECTURE rule 9) under references of its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from processes.errors import BihuanError
from processes.messaging import incoming as i
from processes.messaging import schema as s
from processes.messaging.contract import ESCALATED, LONGEST_ID, Contract, Extension, Kind
from processes.messaging.json_text import to_json

BLANKED = "case.blanked"
"""the type of the message that has a copy blanked"""

WORDS = "$words"
"""the key of an object that stands for people's words"""

CHUNK = 192 * 1024
"""bytes of a part in one message: 256 KiB as Base64"""

LARGEST = 256 * 1024 * 1024
"""bytes of a whole file: beyond that it is no file but an archive"""

MOST_ATTACHMENTS = 100

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BASE64 = -(-CHUNK // 3) * 4


class EscalatedWithFileSchema(i.BetweenCasesSchema):
    """``case.escalated`` v2"""

    place = s.text("上级地区", "由哪个地区接办", required=True, limit=20)
    file = s.mapping(
        "案卷",
        "case 是案卷正文（JSON），attachments 是附件；每一部分有 size（字节）、sha256（十六进制）、chunks（块数），附件另有 name、media_type",
        required=True,
    )


class FilePartSchema(s.ContractSchema):
    """``case.file.part``"""

    part = s.text("部分", "这一部分全部内容的 SHA-256（十六进制）", required=True, limit=64)
    index = s.integer("块序号", 0, LARGEST // CHUNK, "从 0 起", required=True)
    sha256 = s.text("块的 SHA-256", "这一块内容的，十六进制", required=True, limit=64)
    body = s.text("内容", f"Base64；解开后不超过 {CHUNK} 字节；空文件没有内容", limit=_BASE64)


class FileWantedSchema(s.ContractSchema):
    """``case.file.wanted``"""

    message = s.text("消息编号", "要哪一次提交的案卷：case.escalated 的 ce-id", required=True, limit=LONGEST_ID)
    parts = s.texts("缺少的部分", "SHA-256（十六进制）")
    reason = s.text("原因", limit=500)


@dataclass(frozen=True)
class Part:
    """A part of a file. ``chunks``: in so many messages it comes; the case's own part has no name."""

    sha256: str
    size: int
    chunks: int
    name: str = ""
    media_type: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in the message."""
        about = {"size": self.size, "sha256": self.sha256, "chunks": self.chunks}
        return about | ({"name": self.name, "media_type": self.media_type} if self.name else {})


def part(body: bytes) -> Part:
    """The part that has this content."""
    return Part(hashlib.sha256(body).hexdigest(), len(body), max(-(-len(body) // CHUNK), 1))


@dataclass(frozen=True)
class CaseWithdrawn(i.BetweenCases):
    """The enterprise has taken its problem back at the lower place."""


class Damaged(BihuanError):
    """What stands in a message of a file does not hold together; the text says what, for whoever sent it."""


@dataclass(frozen=True)
class CaseEscalatedWithFile(i.CaseEscalated):
    """The lower place, in another deployment, submits the case. ``file`` lists the parts of its file."""

    file: Mapping[str, Any]

    def parts(self) -> tuple[Part, tuple[Part, ...]]:
        """The case's own part, and the attachments. Raises :class:`Damaged`."""
        attachments = self.file.get("attachments", [])
        if not isinstance(attachments, list) or len(attachments) > MOST_ATTACHMENTS:
            raise _damaged("file.attachments", f"应是数组，最多 {MOST_ATTACHMENTS} 件")
        case = _part(self.file.get("case"), "file.case")
        named = tuple(_part(each, f"file.attachments[{at}]", named=True) for at, each in enumerate(attachments))
        if sum(each.size for each in (case, *named)) > LARGEST:
            raise _damaged("file", f"案卷超过 {LARGEST // 2**20} MB")
        return case, named


@dataclass(frozen=True)
class CaseBlanked(i.BetweenCases):
    """The peer has deleted what was said in this case, and of whom; so must we."""


@dataclass(frozen=True)
class FilePart(i.BetweenCases):
    """A piece of a part, as it came."""

    part: str
    index: int
    sha256: str
    body: str = field(repr=False)

    def content(self) -> bytes:
        """The piece's bytes. Raises :class:`Damaged`."""
        if not _SHA256.fullmatch(self.part):
            raise _damaged("part", "应是 64 位小写十六进制")
        try:
            found = base64.b64decode(self.body, validate=True)
        except (binascii.Error, ValueError):
            raise _damaged("body", "不是 Base64") from None
        if len(found) > CHUNK or hashlib.sha256(found).hexdigest() != self.sha256:
            raise _damaged("body", "内容与 sha256 不符，传送中有损坏")
        return found


@dataclass(frozen=True)
class FileWanted(i.BetweenCases):
    """The receiver has not got the whole file of this message."""

    message: str
    parts: tuple[str, ...]
    reason: str


def chunk_data(part: str, index: int, body: bytes) -> dict[str, Any]:
    """The data of a ``case.file.part``."""
    digest = hashlib.sha256(body).hexdigest()
    return {"part": part, "index": index, "sha256": digest, "body": base64.b64encode(body).decode()}


def _part(said: object, path: str, *, named: bool = False) -> Part:
    if not isinstance(said, Mapping):
        raise _damaged(path, "应是一个 JSON 对象")
    sha256, size, chunks = said.get("sha256"), said.get("size"), said.get("chunks")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise _damaged(f"{path}.sha256", "应是 64 位小写十六进制")
    if type(size) is not int or type(chunks) is not int or not 0 <= size <= LARGEST:
        raise _damaged(f"{path}.size", "size、chunks 应是合理的整数")
    if not 1 <= chunks <= size // 1024 + 1:
        raise _damaged(f"{path}.chunks", "块数与大小不符")
    name, media_type = (str(said.get(each) or "") for each in ("name", "media_type"))
    if named and not 0 < len(name) <= 200:
        raise _damaged(f"{path}.name", "长度应在 1 到 200 个字之间")
    return Part(sha256, size, chunks, name, media_type[:120]) if named else Part(sha256, size, chunks)


def _damaged(path: str, zh: str) -> Damaged:
    return Damaged(f"{path}：{zh}", f"{path} does not hold together")


def _rest(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in data.items() if name != "file"}


EXAMPLE_FILE = to_json(
    {
        "case": {"number": "330500-26-00042-0", "place": "3305"},
        "report": {
            "channel": "hotline",
            "original": "12345-20261123-0042",
            "title": "厂房用电报装迟迟未办",
            "body": "我公司新厂房十月初申请用电报装，至今没有答复。",
            "enterprise": "示例精密机械有限公司",
        },
        "course": [],
    }
).encode()
"""the file of the examples: the part and the escalation fit together"""


def contracts(lower: Extension) -> tuple[Contract, ...]:
    """The contracts. ``lower``: the extension that every message between cases has."""
    example = part(EXAMPLE_FILE)
    return (
        Contract(
            "case.withdrawn",
            "1",
            Kind.CASE,
            "下级撤回",
            "企业在下级撤回了问题，告知上级。",
            "企业撤回已提交上一级的问题时，由平台发送。",
            i.BetweenCasesSchema,
            lambda m, d: CaseWithdrawn(m.extensions[lower.name], d),
            {"case": lower.example},
            extensions=(lower,),
            internal=True,
            peers=True,
            orders=True,
        ),
        Contract(
            ESCALATED,
            "2",
            Kind.CASE,
            "提交上一级（另一平台）",
            "下级把问题提交由另一平台承办的上级；案卷的各部分先以 case.file.part 发出，这里列出清单，到齐才受理。"
            '由下级平台以路由键 peer.<平台名> 发送；内容里 {"$words": …} 是人说的话。',
            "流程图把案件提交上一级，而上级由另一平台承办时，由下级平台发送。",
            EscalatedWithFileSchema,
            lambda m, d: CaseEscalatedWithFile(m.extensions[lower.name], _rest(d), d["place"], d["file"]),
            {
                "place": "33",
                "parent": lower.example,
                "reason": {WORDS: "跨市事项，请协调。"},
                "file": {"case": example.to_json()},
            },
            extensions=(lower,),
            internal=True,
            peers=True,
            foreign=True,
        ),
        Contract(
            BLANKED,
            "1",
            Kind.CASE,
            "删除内容",
            "对方平台已删除这一件的内容和个人信息，本平台的副本随之删除；案件、经过和编号保留。由对方平台以路由键 peer.<平台名> 发送。",
            "一件问题的内容在某一平台被删除时，由该平台发给有副本的平台。",
            s.ContractSchema,
            lambda m, d: CaseBlanked(m.extensions[lower.name], d),
            {},
            extensions=(lower,),
            internal=True,
            peers=True,
            foreign=True,
        ),
        Contract(
            "case.file.part",
            "1",
            Kind.CASE,
            "案卷的一块",
            "案卷某一部分的一块；次序不限，重复无妨。由下级平台以路由键 peer.<平台名> 发送。",
            "case.escalated 第 2 版发出以前。",
            FilePartSchema,
            lambda m, d: FilePart(m.extensions[lower.name], {}, d["part"], d["index"], d["sha256"], d["body"] or ""),
            chunk_data(example.sha256, 0, EXAMPLE_FILE),
            extensions=(lower,),
            internal=True,
            peers=True,
            foreign=True,
        ),
        Contract(
            "case.file.wanted",
            "1",
            Kind.CASE,
            "案卷不全",
            "上级平台没有收齐案卷，或内容与摘要不符，请下级平台重发。由上级平台以路由键 peer.<平台名> 发送。",
            "收到 case.escalated 第 2 版后，案卷迟迟没有到齐时。",
            FileWantedSchema,
            lambda m, d: FileWanted(
                m.extensions[lower.name], {}, d["message"], tuple(d["parts"] or ()), d["reason"] or ""
            ),
            {"message": "example-case.escalated", "parts": [example.sha256], "reason": "缺 1 块"},
            extensions=(lower,),
            internal=True,
            peers=True,
            foreign=True,
        ),
    )

"""Drafts of models: what the owner of a process edits at a place, saved as it is typed, until it comes into force or is discarded.

Whoever saves names the revision that he or she has seen: of two windows the second is told, and has its own text still.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from processes.casework.models_in_force import Held
from processes.errors import BihuanError
from processes.notation.bundle import BPMN, content_hash, kind_of_file
from processes.notation.check.sanity import kind_by_name
from processes.notation.models import ParseError, read_xml
from processes.store.tables import ModelChange, ModelDraft

NONE: Mapping[str, bytes] = {}

LARGEST = 1024 * 1024
"""bytes of a file; the largest that is shipped has 84 kB"""


MOST_ELEMENTS = 8_000
"""of a diagram, its drawing counted in; the largest that is shipped has 1,000. Beyond that neither the editor nor the check is done soon."""

SCENARIO = ".scenario.json"
"""how the names of scenarios' files end"""


class Outdated(BihuanError):
    """Somebody has saved this draft since; nothing was changed."""

    def __init__(self, revision: int, changed_at: datetime) -> None:
        super().__init__(
            "这份草稿已在另一个窗口保存过，刚才的修改没有写入，仍留在本页。",
            "the draft was saved in another window since: what was changed here is not stored, it is still on this page",
        )
        self.revision, self.changed_at = revision, changed_at


class Superseded(BihuanError):
    """Another version has come into force since the draft was begun; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "开始修改之后，已有别的版本生效，草稿没有放入生效。请先看清两者的差异。",
            "another version has come into force since the draft was begun: the draft was not put into force, look at the difference first",
        )


class NotThisDiagram(BihuanError):
    """What is to be saved is no diagram of the draft's process."""


@dataclass(frozen=True)
class Draft:
    """A draft. ``revision`` 0: nothing has been changed yet. ``files``: the process's diagram, its scenarios, and whatever else of it was changed
    or added; ``revisions``: the revision that changed each file last."""

    id: str
    person: str
    place: str
    process: str
    base: str
    files: Mapping[str, str]
    revision: int
    changed_at: datetime
    revisions: Mapping[str, int]

    @property
    def file(self) -> str:
        """The diagram's name."""
        others = [name for name in self.sent if kind_by_name(name) not in ("dmn", "form")]
        return next(
            name for name in others if len(others) == 1 or kind_of_file(name, self.files[name].encode()) == "bpmn"
        )

    @property
    def text(self) -> str:
        """The diagram."""
        return self.files[self.file]

    @property
    def sent(self) -> Mapping[str, bytes]:
        """The edited files, as they are deployed."""
        return {name: text.encode() for name, text in self.files.items() if not name.endswith(SCENARIO)}

    @property
    def scenarios(self) -> Mapping[str, str]:
        """The files of its scenarios: name → text."""
        return {name: text for name, text in self.files.items() if name.endswith(SCENARIO)}

    @property
    def kept(self) -> Mapping[str, Mapping[str, bytes]]:
        """The scenarios as they come into force with it, by process. While it has none, those of its place hold."""
        found = {name: text.encode() for name, text in self.scenarios.items()}
        return {self.process: found} if found else {}


def own(connection: Connection, draft_id: str, person: str) -> Draft | None:
    """Somebody's draft; None when it is not there, or another's."""
    return next(iter(_read(connection, ModelDraft.id == draft_id, ModelDraft.person == person)), None)


def one(connection: Connection, draft_id: str) -> Draft | None:
    """Anybody's draft; None when it is not there."""
    return next(iter(_read(connection, ModelDraft.id == draft_id)), None)


def at(connection: Connection, place: str) -> Sequence[Draft]:
    """Everybody's drafts of a place, the last changed first."""
    return _read(connection, ModelDraft.place == place)


def begin(
    connection: Connection,
    person: str,
    place: str,
    held: Held,
    bodies: Mapping[str, bytes],
    now: datetime,
    scenarios: Mapping[str, bytes] = NONE,
) -> str:
    """The id of somebody's draft of a process in force at a place: the one there is, else a new one of the version in force, with the
    ``scenarios`` that hold there."""
    mine = (ModelDraft.person == person, ModelDraft.place == place, ModelDraft.process_id == held.process)
    known = _read(connection, *mine)
    if known:
        return known[0].id
    files = dict([_diagram(held, bodies)]) | {name: body.decode() for name, body in scenarios.items()}
    return create(connection, person, place, held.process, held.definition, files, now)


def create(
    connection: Connection, person: str, place: str, process: str, base: str, files: Mapping[str, str], now: datetime
) -> str:
    """The id of a new draft. ``base`` empty: of a process that there is not yet."""
    fresh = str(uuid4())
    row = {
        "id": fresh,
        "person": person,
        "place": place,
        "process_id": process,
        "base": base,
        "files": files,
        "revision": 0,
        "revisions": {},
        "changed_at": now,
    }
    connection.execute(insert(ModelDraft).values(row))
    return fresh


def keep(connection: Connection, draft: Draft, name: str, text: str | None, seen: int, now: datetime) -> int:
    """Keep one of the draft's files as it is now (None: no longer), and leave the others alone; returns the new revision.

    Raises :class:`Outdated` when that file was saved after the revision ``seen``, which the text was made of.
    """
    own = ModelDraft.id == draft.id
    row = connection.execute(
        select(ModelDraft.files, ModelDraft.revisions, ModelDraft.revision, ModelDraft.changed_at)
        .where(own)
        .with_for_update()
    ).first()
    if row is None or not row.revisions.get(name, 0) <= seen <= row.revision:
        raise Outdated(
            draft.revision if row is None else row.revision, draft.changed_at if row is None else row.changed_at
        )
    files = {each: known for each, known in row.files.items() if each != name or text is not None}
    if text is not None:
        files[name] = text
    connection.execute(
        update(ModelDraft)
        .where(own)
        .values(
            files=files,
            revision=row.revision + 1,
            revisions={**row.revisions, name: row.revision + 1},
            changed_at=now,
        )
    )
    return int(row.revision) + 1


def adopt(connection: Connection, draft: Draft, held: Held) -> None:
    """From now on the draft is a change of the version in force, whatever it undoes of it."""
    connection.execute(update(ModelDraft).where(ModelDraft.id == draft.id).values(base=held.definition))


def discard(connection: Connection, draft: Draft) -> None:
    """Give a draft up, and whatever it was on the way to."""
    connection.execute(delete(ModelChange).where(ModelChange.draft_id == draft.id))
    connection.execute(delete(ModelDraft).where(ModelDraft.id == draft.id))


def diagram_of(draft: Draft, body: bytes) -> str:
    """The text of a diagram of the draft's process. Raises :class:`NotThisDiagram`, or ``ParseError`` for what can't be read."""
    if len(body) > LARGEST:
        raise NotThisDiagram("流程图太大，没有保存。", "the diagram is too large: it was not saved")
    if body.count(b"</") + body.count(b"/>") > MOST_ELEMENTS:
        raise NotThisDiagram(
            "流程图里的内容太多，没有保存。请拆成几个流程，用“调用流程”连起来。",
            "there is too much in the diagram: it was not saved; divide it into processes that call each other",
        )
    found = read_xml(draft.file, body)
    if found.kind != "bpmn" or all(each.get("id") != draft.process for each in found.root.iter(BPMN + "process")):
        raise NotThisDiagram(
            "收到的不是这个流程的流程图，没有保存。", "this is no diagram of the process: it was not saved"
        )
    return text_of(body)


def text_of(body: bytes) -> str:
    """What is kept of a file. Raises :class:`NotThisDiagram`."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise NotThisDiagram("文件不是 UTF-8 编码，没有保存。", "the file is not in UTF-8: it was not saved") from error


def hashes(draft: Draft) -> Mapping[str, str]:
    """The edited files' content hashes, by name."""
    return {name: content_hash(body) for name, body in draft.sent.items()}


def _diagram(held: Held, bodies: Mapping[str, bytes]) -> tuple[str, str]:
    """The file that defines a process, and its text."""
    for name in held.files:
        try:
            root = read_xml(name, bodies[name]).root if name in bodies else None
        except ParseError:
            continue
        if root is not None and any(each.get("id") == held.process for each in root.iter(BPMN + "process")):
            return name, bodies[name].decode("utf-8-sig")
    raise NotThisDiagram("没有找到这个流程的流程图。", f"no diagram of {held.process}")


def _read(connection: Connection, *conditions: object) -> Sequence[Draft]:
    statement = select(
        ModelDraft.id, ModelDraft.person, ModelDraft.place, ModelDraft.process_id, ModelDraft.base, ModelDraft.files,
        ModelDraft.revision, ModelDraft.changed_at, ModelDraft.revisions,
    )  # fmt: skip
    statement = statement.where(*conditions).order_by(ModelDraft.changed_at.desc(), ModelDraft.id)  # type: ignore[arg-type]
    return [Draft(*row) for row in connection.execute(statement)]

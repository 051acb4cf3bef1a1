"""A person's numbers and addresses in rows that are not his or hers: what was refused, what could not be done, what others have said.

Every table is looked through whose rows may hold what somebody typed; those that are not are listed, with the reason. What belongs to a case of
somebody else that is not closed stays, and is counted: it is needed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, String, Text, cast, delete, inspect, or_, select, update
from sqlalchemy.types import JSON

from processes.casework import uploads, words
from processes.casework.erasing import instances
from processes.casework.erasing.needles import Needles
from processes.casework.portal.limits import forget
from processes.casework.portal.reports import owner
from processes.messaging.json_text import from_json, to_json
from processes.store.tables import (
    Base,
    Case,
    Instance,
    KeptAnswer,
    OutboxMessage,
    PeerMessage,
    PortalMessage,
    PortalPass,
    RefusedMessage,
    ReportText,
    Upload,
    UserTask,
)

OWN = "rows of the person's own reports, which are blanked as such; those of others are theirs"
STAFF = "members of staff and their accounts: the personnel's data"
OWNERS = "models and reference data, which owners and administrators write"
PACKED = "packed: looked into instance by instance"
NUMBERS = "numbers, codes and times alone"
HASHED = "hashed"
LOG = "the audit log, which nobody changes; it masks numbers as it is written"

PASSED_OVER: Mapping[str, str] = {
    "personal_data": OWN,
    "portal_report": OWN,
    "portal_pass": OWN,
    "portal_message": OWN,
    "subject_request": "requests: what tells who it is goes when they end",
    "erased": NUMBERS,
    "audit_entry": LOG,
    "audit_chain": LOG,
    **dict.fromkeys(
        ("person", "address", "account", "past_password", "recovery_code", "login_session", "access_token"), STAFF
    ),
    **dict.fromkeys(("login_attempts", "portal_limit", "fingerprint"), HASHED),
    "case_search": "made of the report's words, and made anew when they are changed",
    **dict.fromkeys(("level", "place", "organisation", "role", "duty", "substitute", "channel", "stage"), OWNERS),
    **dict.fromkeys(("calendar_year", "calendar_day", "setting", "notice_template", "model_file"), OWNERS),
    **dict.fromkeys(("definition", "in_force", "start_timer"), OWNERS),
    **dict.fromkeys(("instance", "instance_part", "history", "dossier"), PACKED),
    **dict.fromkeys(("timer", "deadline", "serial", "case_stage", "element_heat", "presence", "follow_up"), NUMBERS),
    **dict.fromkeys(("peer_turn",), NUMBERS),
    "attachment_chunk": "contents of files: the person's are deleted, others' are not looked into",
    "parcel": "on its way for seconds",
    "file_chunk": "on its way: gone when the file is whole",
    "refused_message": "see messages()",
    "kept_answer": "see strike_given_up()",
    "outbox": "see on_their_way()",
    "peer_message": "see on_their_way()",
}


def tables() -> Sequence[type[Base]]:
    """Those that are looked through, in a lasting order."""
    found = {each.class_.__tablename__: each.class_ for each in Base.registry.mappers}
    return [found[name] for name in sorted(found) if name not in PASSED_OVER]


def sweep(connection: Connection, table: type[Base], needles: Needles, keys: Sequence[Sequence[Any]]) -> int:
    """Strike it out of these rows of a table; returns how many stay as they are because they are needed."""
    left = 0
    columns = inspect(table).primary_key
    for key in keys:
        own = [column == value for column, value in zip(columns, key, strict=True)]
        row = connection.execute(select(table.__table__).where(*own)).first()
        if row is None:
            continue
        if _is_needed(connection, row._mapping):
            left += 1
        elif instances.strike_row(connection, table, row, needles):
            _follow(connection, table, row, needles)
    return left


def found_in(connection: Connection, table: type[Base], needles: Needles) -> list[tuple[Any, ...]]:
    """The keys of the rows of a table that say it."""
    mapped = inspect(table)
    told = [
        cast(column, Text).contains(each, autoescape=True)
        for column in mapped.columns
        if isinstance(column.type, String | Text | JSON) and not column.primary_key
        for each in needles.unique
    ]
    if not told:
        return []
    return [tuple(row) for row in connection.execute(select(*mapped.primary_key).where(or_(*told)))]


def messages(connection: Connection, needles: Needles, companions: Sequence[str]) -> list[int]:
    """The messages of the quarantine that are about the person: they say a number or an address, or a name along with one of ``companions``."""
    found = []
    rows = select(RefusedMessage.__table__).order_by(RefusedMessage.id).execution_options(yield_per=200)
    for row in connection.execute(rows):
        text = "\n".join(_said(row))
        if any(each in text for each in needles.unique) or (
            any(each in text for each in needles.own) and any(each in text for each in companions)
        ):
            found.append(row.id)
    return found


def blank_messages(connection: Connection, ids: Sequence[Any]) -> None:
    """Nothing stays of these messages but that there were some, when, and from whom."""
    gone: dict[str, Any] = {
        "headers": {},
        "body": b"",
        "properties": None,
        "tries": None,
        "message_id": None,
        "source": None,
    }
    gone |= {"reason": BLANKED, "reason_en": BLANKED_EN, "sha256": None, "fingerprint": None, "length": None}
    for each in ids:
        own = update(RefusedMessage).where(RefusedMessage.id == int(each))
        connection.execute(own.values(**gone, note=BLANKED))
        connection.execute(own.where(RefusedMessage.state == "open").values(state="dismissed"))


BLANKED, BLANKED_EN = "按个人信息删除申请，原文已删除", "deleted at the request of the person that it was about"


def on_their_way(connection: Connection, needles: Needles) -> bool:
    """Whether something that is still to be sent says it: it waits for that."""
    return any(
        _says(bytes(body), needles)
        for table in (OutboxMessage, PeerMessage)
        for body in connection.scalars(select(table.body).where(table.dead_at.is_(None)))
    )


def strike_given_up(connection: Connection, needles: Needles) -> None:
    """Messages to other deployments that were given up, and answers that are kept for requests that come again: without it."""
    for row in connection.execute(select(KeptAnswer.key, KeptAnswer.body)).all():
        if _says(bytes(row.body), needles):
            connection.execute(
                update(KeptAnswer).where(KeptAnswer.key == row.key).values(body=_struck(row.body, needles))
            )
    for row in connection.execute(select(PeerMessage.__table__).where(PeerMessage.dead_at.is_not(None))).all():
        instances.strike_row(connection, PeerMessage, row, needles)
        if _says(bytes(row.body), needles):
            body = _struck(row.body, needles)
            connection.execute(update(PeerMessage).where(PeerMessage.id == row.id).values(body=body))


def _struck(body: bytes, needles: Needles) -> bytes:
    """JSON without it; what is no JSON, empty."""
    try:
        return to_json(needles.struck_json(from_json(bytes(body)))).encode()
    except (ValueError, RecursionError):
        return b""


def drop_letters(connection: Connection, needles: Needles) -> None:
    """The dead letters that lie in the outbox go; those of a broker are no part of a database."""
    rows = connection.execute(
        select(OutboxMessage.id, OutboxMessage.body, OutboxMessage.dead_reason).where(_DEAD)
    ).all()
    ids = [row.id for row in rows if _says(bytes(row.body), needles) or says(row.dead_reason, needles)]
    connection.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(ids)))


_DEAD = OutboxMessage.dead_at.is_not(None)


def forget_phone(connection: Connection, phone: str) -> None:
    """What the portal keeps by a number for a while: passes, text messages, counts, files in forms that were not sent."""
    connection.execute(delete(PortalPass).where(PortalPass.phone == phone))
    connection.execute(delete(PortalMessage).where(PortalMessage.phone == phone))
    uploads.remove(connection, connection.scalars(select(Upload.id).where(Upload.person_id == owner(phone))).all())
    for what in ("report", "code-number"):
        forget(connection, what, phone)


def says(value: Any, needles: Needles) -> bool:
    """Whether a JSON value says it."""
    return any(needles.are_in(each) for each in _strings(value))


def _said(row: Any) -> Iterator[str]:
    yield from _texts(bytes(row.body))
    for value in (row.headers, row.properties, row.tries, row.reason, row.reason_en, row.note):
        yield from _strings(value)


def _texts(body: bytes) -> Iterator[str]:
    """What a body may say: its strings, when it is JSON; else all of it, in the encodings that are in use."""
    try:
        yield from _strings(from_json(body))
    except (ValueError, RecursionError):
        for encoding in ("utf-8", "gb18030", "utf-16"):
            yield body.decode(encoding, "replace")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int):
        yield str(value)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield str(name)
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


def _says(body: bytes, needles: Needles) -> bool:
    return any(any(each in text for each in needles.unique) for text in _texts(body))


def _is_needed(connection: Connection, row: Any) -> bool:
    """Whether it belongs to a case, or an instance, that has not ended."""
    instance, case = row.get("instance_id"), row.get("case_id")
    if row.get("task_id") and not instance:
        task = select(UserTask.instance_id).where(UserTask.id == row["task_id"])
        instance = connection.scalar(task)
    open_ones = select(Case.id).where(Case.closed_at.is_(None))
    if "number" in row and "report_id" in row:  # a case itself
        return row["closed_at"] is None
    if case and connection.execute(open_ones.where(Case.id == case)).first():
        return True
    if row.get("report_id") and connection.execute(open_ones.where(Case.report_id == row["report_id"])).first():
        return True
    running = select(Instance.id).where(Instance.id == instance, Instance.ended_at.is_(None))
    return bool(instance) and connection.execute(running).first() is not None


def _follow(connection: Connection, table: type[Base], row: Any, needles: Needles) -> None:
    """What is made of a row that was changed."""
    if table is ReportText:
        words.renew(connection, row.report_id)
    instance = row._mapping.get("instance_id")
    if instance:
        instances.strike(connection, instance, needles)

"""Text messages to enterprises: each is an instance of the diagram ``portal_message``, whose job ``notice.send`` names the row that says
which number it goes to and what fills the places in its words. Neither stands in variables or in the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select

from processes.casework.notice_templates import filled
from processes.runtime.commands import Start
from processes.runtime.engine import Engine
from processes.store.tables import PortalMessage

PROCESS = "portal_message"

TO = "portal_message"
"""The key of a notice's ``to`` that names such a row."""


def send(engine: Engine, kind: str, phone: str, words: Mapping[str, Any], minutes: int, place: str = "") -> str:
    """Send a message of a kind that the diagram knows; it is of use for so many minutes. Returns the row's id."""
    message = str(uuid4())
    variables = {"message": {"id": message, "kind": kind}}

    def before(connection: Connection, instance_id: str) -> None:
        now = engine.clock.now()
        connection.execute(delete(PortalMessage).where(PortalMessage.ends_at <= now))
        ends_at = now + timedelta(minutes=minutes)
        row = {"id": message, "phone": phone, "words": dict(words), "wrong": 0, "ends_at": ends_at}
        connection.execute(insert(PortalMessage).values(row))

    engine.execute(Start(f"portal:{message}", PROCESS, place, variables), before=before)
    return message


def addressed(connection: Connection, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of such a notice with its recipient, and the places in its text filled; with no recipient once it is of no more use."""
    message = str(arguments["to"][TO])
    columns = (PortalMessage.phone, PortalMessage.words)
    row = connection.execute(select(*columns).where(PortalMessage.id == message)).first()
    if row is None:
        return {**arguments, "recipients": []}
    recipient = {"person": message, "name": "", "sms": row.phone}
    text = filled(str(arguments.get("text")), {**arguments, **row.words})
    return {**arguments, "text": text, "recipients": [recipient]}


def is_one(arguments: Mapping[str, Any]) -> bool:
    """Whether a notice is such a message."""
    to = arguments.get("to")
    return isinstance(to, Mapping) and TO in to

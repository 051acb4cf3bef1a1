"""A case as every answer about it shows it: contact data masked, as on the pages."""

from __future__ import annotations

from typing import Any

from gateway.context import services
from gateway.rest.shapes import LightShape, Shape, moment, one, string, yes
from gateway.staff.pages import snapshot
from gateway.staff.personal import contact_of
from processes.casework.views.head import Head
from processes.casework.views.lights import NONE, Light, light


class ContactShape(Shape):
    """Contact data. ``until``: whole, so long; null when they are masked."""

    name = string()
    phone = string()
    address = string()
    until = moment()


class HeadShape(Shape):
    """What a case is, and where it stands."""

    number = string()
    title = string()
    body = string()
    enterprise = string()
    uscc = string()
    contact = one(ContactShape)
    channel = string()
    original = string()
    place = string()
    place_name = string()
    stage = string()
    stage_name = string()
    status = string()
    board = string()
    category = string()
    difficulty = string()
    reason = string()
    rating = string()
    major = yes()
    confidential = yes()
    light = one(LightShape)
    submitted_at = moment()
    received_at = moment(none=False)
    opened_at = moment(none=False)
    closed_at = moment()


def shown(head: Head) -> dict[str, Any]:
    """A case, for :class:`HeadShape`."""
    problem = head.problem
    own = {name: getattr(head, name) for name in HeadShape._declared_fields if hasattr(head, name)}
    said = {name: getattr(problem, name) for name in HeadShape._declared_fields if hasattr(problem, name)}
    term = NONE if head.closed_at else lit(head.due_at, head.warn_at, head.provisional)
    return {**said, **own, "contact": contact_of(head), "light": term}


def lit(due: Any, warn: Any, provisional: bool) -> Light:
    """The light of a due time, now."""
    return light(snapshot().calendar, services().clock.now(), due, warn, provisional)

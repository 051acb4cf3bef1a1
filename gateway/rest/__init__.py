"""The API for programs of people: what the pages do, over HTTP with JSON, by access tokens (``/api/v1``).

It has no rules of its own: each operation calls what the page of the same name calls, as the person whose token it is.
"""

from gateway.rest import (
    account,
    answers,
    beside,
    bulk,
    cases,
    dead_letters,
    drawings,
    files,
    filters,
    guide,
    heat,
    inbox,
    incidents,
    instances,
    operations,
    people,
    quarantine,
    reports,
    sheets,
    subjects,
    supervision,
    tasks,
    versions,
)
from gateway.rest.document import register

__all__ = [
    "account",
    "answers",
    "beside",
    "bulk",
    "cases",
    "dead_letters",
    "drawings",
    "files",
    "filters",
    "guide",
    "heat",
    "inbox",
    "incidents",
    "instances",
    "operations",
    "people",
    "quarantine",
    "register",
    "reports",
    "sheets",
    "subjects",
    "supervision",
    "tasks",
    "versions",
]

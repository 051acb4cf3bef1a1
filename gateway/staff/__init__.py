"""The staff's pages: inbox, task, case, counter, sheets, search, incidents. Server-rendered, Chinese; scripts only add to them."""

from gateway.staff import (
    account,
    answers,
    arranging,
    cases,
    counter,
    filters,
    inbox,
    incidents,
    oidc,
    personal,
    presence,
    search,
    sheets,
    supervision,
    tasks,
    uploads,
)
from gateway.staff.pages import blueprint

__all__ = [
    "account",
    "answers",
    "arranging",
    "blueprint",
    "cases",
    "counter",
    "filters",
    "inbox",
    "incidents",
    "oidc",
    "personal",
    "presence",
    "search",
    "sheets",
    "supervision",
    "tasks",
    "uploads",
]

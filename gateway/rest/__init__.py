"""The API for programs of people: what the pages do, over HTTP with JSON, by access tokens (``/api/v1``).

It has no rules of its own: each operation calls what the page of the same name calls, as the person whose token it is.
"""

from gateway.rest import account, bulk, cases, files, guide, inbox, incidents, instances, reports, supervision, tasks
from gateway.rest.document import register

__all__ = [
    "account",
    "bulk",
    "cases",
    "files",
    "guide",
    "inbox",
    "incidents",
    "instances",
    "register",
    "reports",
    "supervision",
    "tasks",
]

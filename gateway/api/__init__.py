"""The HTTP API: messages of partners, reports, cases, tasks, models, incidents, the quarantine, and what else operators look after.

JSON over bearer tokens.
"""

from gateway.api import cases, folders, incidents, messages, models, operations, quarantine, tasks
from gateway.api.access import blueprint, health

__all__ = [
    "blueprint",
    "cases",
    "folders",
    "health",
    "incidents",
    "messages",
    "models",
    "operations",
    "quarantine",
    "tasks",
]

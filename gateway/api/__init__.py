"""The HTTP API: messages of partners, reports, cases, tasks, models, incidents, the quarantine, and what else operators look after.

JSON over bearer tokens.
"""

from gateway.api import cases, incidents, messages, models, operations, quarantine, tasks
from gateway.api.access import blueprint, health

__all__ = ["blueprint", "cases", "health", "incidents", "messages", "models", "operations", "quarantine", "tasks"]

"""The HTTP API: messages of partners, reports, cases, tasks, models, incidents and the quarantine. JSON over bearer tokens."""

from gateway.api import cases, incidents, messages, models, quarantine, tasks
from gateway.api.access import blueprint, health

__all__ = ["blueprint", "cases", "health", "incidents", "messages", "models", "quarantine", "tasks"]

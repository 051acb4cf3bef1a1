"""The HTTP API: messages of partners, reports, cases, tasks, models and incidents. JSON over bearer tokens."""

from gateway.api import cases, incidents, messages, models, tasks
from gateway.api.access import blueprint, health

__all__ = ["blueprint", "cases", "health", "incidents", "messages", "models", "tasks"]

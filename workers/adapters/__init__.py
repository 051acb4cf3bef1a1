"""Adapters: one module an external system. What they call and how it may fail is :mod:`workers.adapters.outbound`'s."""

from workers.adapters.outbound import Outbound
from workers.adapters.settings import ExternalSystem, NotConfigured, Systems

__all__ = ["ExternalSystem", "NotConfigured", "Outbound", "Systems"]

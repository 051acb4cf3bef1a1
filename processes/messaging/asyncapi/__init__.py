"""The AsyncAPI 3.0 document of the platform: all that a system in any language needs to take part."""

from processes.messaging.asyncapi.document import document

__all__ = ["document"]

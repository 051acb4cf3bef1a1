"""审计日志, for the audit administrator."""

from gateway.audit.log import blueprint

__all__ = ["blueprint"]

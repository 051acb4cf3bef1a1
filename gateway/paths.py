"""Addresses that come in with a request."""

from __future__ import annotations


def is_ours(path: str) -> bool:
    """Whether it is the path of a page of ours: browsers read ``//host``, ``/\\host`` and control signs as other sites."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path

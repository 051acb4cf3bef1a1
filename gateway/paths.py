"""Addresses that come in with a request."""

from __future__ import annotations

REST = "/api/v1"
"""the API for programs of people, beside the one for partners and operators"""


def is_rest(path: str) -> bool:
    """Whether it is an address of the API for programs of people."""
    return path == REST or path.startswith(f"{REST}/")


def is_ours(path: str) -> bool:
    """Whether it is the path of a page of ours: browsers read ``//host``, ``/\\host`` and control signs as other sites."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path

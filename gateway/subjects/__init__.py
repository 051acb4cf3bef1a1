"""个人信息申请: what is held about a person, to have it, to put it right, to have it deleted."""

from gateway.subjects import deciding, finding
from gateway.subjects.pages import blueprint

__all__ = ["blueprint", "deciding", "finding"]

"""流程实例: the pages of those who look after running processes: find them, see where they stand, put a hand in."""

from gateway.instances import acting, detail, heat, many, search, versions
from gateway.instances.pages import blueprint

__all__ = ["acting", "blueprint", "detail", "heat", "many", "search", "versions"]

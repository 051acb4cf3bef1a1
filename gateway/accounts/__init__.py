"""账号: what people do with their own account, and what administrators do with accounts, duties and substitutes."""

from gateway.accounts import own, people, second
from gateway.accounts.pages import blueprint

__all__ = ["blueprint", "own", "people", "second"]

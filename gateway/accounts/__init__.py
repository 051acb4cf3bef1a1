"""账号: what people do with their own account, and what administrators do with accounts, duties and substitutes."""

from gateway.accounts import duties, own, people, second, substitutes, tokens
from gateway.accounts.pages import blueprint

__all__ = ["blueprint", "duties", "own", "people", "second", "substitutes", "tokens"]

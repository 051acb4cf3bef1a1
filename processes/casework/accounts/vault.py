"""Secrets that have to be read again are encrypted in the database; the key is not in it (``secrets.json``)."""

from __future__ import annotations

from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken

from processes.errors import BihuanError


class Unreadable(BihuanError):
    """It was sealed with another key, is too old, or has been tampered with."""

    def __init__(self) -> None:
        super().__init__(
            "保存的验证信息读不出来，请联系安全管理员重置第二因素。",
            "What was kept cannot be read: ask the security administrator to reset the second factor.",
        )


class Vault:
    """Seals words and opens them again (AES-128-CBC with HMAC-SHA-256, in Fernet's form)."""

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def with_fresh_key(cls) -> Vault:
        """Of a key that is kept nowhere: what it seals is lost with it."""
        return cls(cls.fresh_key())

    @staticmethod
    def fresh_key() -> str:
        """A random key."""
        return Fernet.generate_key().decode()

    def seal(self, words: str) -> str:
        """The words, readable by this key alone."""
        return self._fernet.encrypt(words.encode()).decode()

    def open(self, sealed: str, within: timedelta | None = None) -> str:
        """The words again; ``within``: not if they were sealed longer ago, by the machine's own clock.

        :raises Unreadable: when they are not ours, or too old
        """
        try:
            return self._fernet.decrypt(sealed.encode(), int(within.total_seconds()) if within else None).decode()
        except (InvalidToken, UnicodeError) as error:
            raise Unreadable from error

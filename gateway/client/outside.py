"""The outside world from a player's side: the stand-in systems' control addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


class Away(Exception):
    """The outside system did not do it now; it may a moment later."""


class Outside:
    """The stand-ins at ``url``; each thing done has a key, so that it happens once however often it is asked."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url.rstrip("/"), timeout=httpx.Timeout(20.0, connect=3.0), trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def act(self, action: str, body: Mapping[str, Any], key: str) -> Any:
        """``POST /control/<action>``. Raises :class:`Away` with what the system said."""
        return self._ask("POST", f"/control/{action}", json=dict(body), headers={"Idempotency-Key": key})

    def get(self, path: str) -> Any:
        """What a system shows. Raises :class:`Away`."""
        return self._ask("GET", f"/{path}")

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        try:
            answer = self._http.request(method, path, **how)
        except httpx.TransportError as error:
            raise Away(f"{type(error).__name__}") from error
        if not answer.is_success:
            raise Away(f"HTTP {answer.status_code} {answer.text[:200]}")
        return answer.json()

"""OpenID Connect: somebody else vouches for who logs in (Core 1.0, code flow; Discovery 1.0; PKCE, RFC 7636).

What the provider says is believed for one thing: the account's name. Whether there is such an account, what it may do, and whether it is locked is
ours to say.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from processes.casework.accounts.vouching import BadProvider, NotVouched

log = logging.getLogger("bihuan.accounts")

DISCOVERY = "/.well-known/openid-configuration"

ALGORITHMS = ("RS256", "PS256", "ES256")
"""of signatures; never ``none``, nor one whose key is the client's own secret"""

SKEW = 60
"""Seconds by which the provider's clock may be wrong."""

PATIENCE = 5.0
"""Seconds that the provider may take over an answer."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _not_vouched(why: str) -> NotVouched:
    """The person is told that it has not worked, the log why."""
    log.warning("oidc: %s", why)
    return NotVouched()


@dataclass(frozen=True)
class Configuration:
    """The file of ``OIDC``. ``redirect_uri``: our ``/login/oidc/back`` as browsers reach it, and as the provider knows it; ``account``: the
    claim that is the account's name; ``name``: what the button calls the provider,
    when it has a name of its own."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    account: str = "preferred_username"
    name: str = ""
    scope: str = "openid profile"

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """:raises BadProvider: when the file lacks something, or the issuer is not reached by HTTPS"""
        try:
            found = cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise BadProvider(path) from error
        if not _is_safe(found.issuer):
            raise BadProvider(path)
        return found


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


class Provider:
    """The provider. What it says of itself is asked for once, its keys again when one is not known."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._client = httpx.Client(timeout=PATIENCE)
        self._said: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent.

        :raises NotVouched: when the provider does not answer
        """
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.configuration.client_id,
            "redirect_uri": self.configuration.redirect_uri,
            "scope": self.configuration.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        where = self._metadata("authorization_endpoint")
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"

    def account(self, code: str, nonce: str, verifier: str, now: datetime) -> str:
        """The account that the provider vouches for.

        :raises NotVouched: when it does not
        """
        given = self.configuration
        answer = self._ask(
            "POST",
            self._metadata("token_endpoint"),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": given.redirect_uri,
                "code_verifier": verifier,
            },
            auth=(quote(given.client_id, safe=""), quote(given.client_secret, safe="")),
        )
        claims = self._claims(str(answer.get("id_token", "")))
        self._check(claims, nonce, now)
        account = claims.get(given.account)
        if not isinstance(account, str) or not account:
            raise _not_vouched(f"the claim {given.account} is missing")
        return account

    def _check(self, claims: Mapping[str, Any], nonce: str, now: datetime) -> None:
        """Core 1.0, 3.1.3.7."""
        given = self.configuration
        audience = claims.get("aud")
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != given.client_id:
            raise _not_vouched("the token is meant for several, and not for us in the first place")
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=SKEW,
            iss={"essential": True, "value": given.issuer},
            aud={"essential": True, "value": given.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            rules.validate(dict(claims))
        except JoseError as error:
            raise _not_vouched(f"the token's claims: {error}") from error

    def _claims(self, token: str) -> Mapping[str, Any]:
        """What a token says, when it was signed by one of the provider's keys. One that is not known may be new."""
        try:
            return self._decoded(token, fresh=False)
        except (JoseError, ValueError):
            pass
        try:
            return self._decoded(token, fresh=True)
        except (JoseError, ValueError) as error:
            raise _not_vouched(f"the token's signature: {error}") from error

    def _decoded(self, token: str, *, fresh: bool) -> Mapping[str, Any]:
        if self._keys is None or fresh:
            self._keys = KeySet.import_key_set(self._ask("GET", self._metadata("jwks_uri")))  # type: ignore[arg-type]
        return jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims

    def _metadata(self, name: str) -> str:
        if self._said is None:
            said = self._ask("GET", self.configuration.issuer.rstrip("/") + DISCOVERY)
            if said.get("issuer") != self.configuration.issuer:
                raise _not_vouched("the provider says that it is another")
            self._said = said
        found = str(self._said.get(name, ""))
        if not _is_safe(found):
            raise _not_vouched(f"{name} is not HTTPS")
        return found

    def _ask(self, method: str, url: str, **given: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, url, **given)
            answer.raise_for_status()
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _not_vouched(f"{method} {urlsplit(url).path}: {type(error).__name__}") from error
        if not isinstance(said, dict):
            raise _not_vouched(f"{method} {urlsplit(url).path}: no JSON object")
        return said

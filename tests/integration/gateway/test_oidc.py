"""Somebody else vouches for who logs in: a provider that speaks real HTTP, honest at first, and then in every way not."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pytest_httpserver import HTTPServer
from sqlalchemy import update
from werkzeug import Request, Response

from gateway import create_app
from gateway.oidc import Configuration, Provider
from processes.casework.accounts.vouching import BadProvider
from processes.store.tables import Account, Person
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_second_factor import set_up
from tests.integration.gateway.world import World

Edit = Callable[[dict[str, Any]], None]


def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, auto_kid=False)


HONEST, ANOTHER, FRESH = _key("one"), _key("one"), _key("two")


@dataclass
class StandIn:
    """The provider. ``says`` changes the token's claims before they are signed with ``key``."""

    server: HTTPServer
    world: World
    key: RSAKey = field(default_factory=lambda: HONEST)
    published: list[RSAKey] = field(default_factory=lambda: [HONEST])
    asked: dict[str, str] = field(default_factory=dict)
    person: str = "wx.chen"
    says: Edit = lambda claims: None
    signed: bool = True
    issuer: str = ""

    def start(self) -> None:
        self.issuer = self.server.url_for("").rstrip("/")
        self.server.expect_request("/.well-known/openid-configuration").respond_with_handler(self._discovery)
        self.server.expect_request("/keys").respond_with_handler(self._keys)
        self.server.expect_request("/token", method="POST").respond_with_handler(self._token)

    def _discovery(self, _: Request) -> Response:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return _json({"issuer": self.issuer, **{name: self.server.url_for(path) for name, path in ends.items()}})

    def _keys(self, _: Request) -> Response:
        return _json(KeySet(self.published).as_dict(private=False))

    def _token(self, request: Request) -> Response:
        given = request.form
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(b"=")
        client = request.authorization
        good = (
            client is not None
            and (client.username, client.password) == ("bihuan", "s%26cret")
            and given["code"] == "the-code"
            and given["redirect_uri"] == self.asked["redirect_uri"]
            and challenge.decode() == self.asked["code_challenge"]
        )
        if not good:
            return _json({"error": "invalid_grant"}, 400)
        now = int(self.world.clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": "bihuan", "sub": "1", "iat": now, "exp": now + 300}
        claims |= {"nonce": self.asked["nonce"], "preferred_username": self.person}
        self.says(claims)
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key) if self.signed else _plain(claims)
        return _json({"id_token": token, "token_type": "Bearer", "access_token": "x"})


def _plain(claims: dict[str, Any]) -> str:
    """A token of the algorithm ``none``."""
    parts = (json.dumps(each).encode() for each in ({"alg": "none", "kid": "one"}, claims))
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts) + "."


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


@pytest.fixture
def provider(httpserver: HTTPServer, world: World) -> StandIn:
    """It knows wx.chen."""
    found = StandIn(httpserver, world)
    found.start()
    return found


@pytest.fixture
def client(world: World, provider: StandIn) -> FlaskClient:
    """A browser at a gateway that knows the provider."""
    configuration = Configuration(provider.issuer, "bihuan", "s&cret", "https://bihuan.example/login/oidc/back")
    settings = replace(world.services.settings, oidc=Provider(configuration))
    return create_app(replace(world.services, settings=settings)).test_client()


def there(client: FlaskClient, provider: StandIn, wanted: str = "") -> str:
    """Set out from the login page; the state that the provider is to give back."""
    assert "用统一身份认证登录" in client.get("/login").text
    answer = client.get("/login/oidc", query_string={"next": wanted} if wanted else {})
    assert answer.location.startswith(provider.issuer + "/authorize?")
    provider.asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}
    assert provider.asked["code_challenge_method"] == "S256"
    return provider.asked["state"]


def back(client: FlaskClient, state: str, **given: str) -> Any:
    return client.get("/login/oidc/back", query_string={"state": state, "code": "the-code", **given})


def refused(client: FlaskClient, provider: StandIn, words: str = "统一身份认证没有成功") -> None:
    answer = back(client, there(client, provider))
    assert (answer.status_code, words in answer.text) == (401, True), answer.text
    assert client.get("/").status_code == 302


def test_whoever_is_vouched_for_and_known_gets_in_where_he_wanted_to(client: FlaskClient, provider: StandIn) -> None:
    answer = back(client, there(client, provider, "/search?q=330502"))
    assert answer.location == "/search?q=330502"
    assert "退出登录" in client.get("/").text


def test_nobody_is_led_elsewhere(client: FlaskClient, provider: StandIn) -> None:
    assert back(client, there(client, provider, "//evil.example")).location == "/"


def test_a_way_back_that_did_not_begin_here_leads_nowhere(client: FlaskClient, provider: StandIn) -> None:
    state = there(client, provider)
    assert back(client, "forged").status_code == 401
    assert back(client, state).status_code == 401, "it is good once, whatever became of it"
    state = there(client, provider)
    assert back(client, state).status_code == 302
    assert back(client, state).status_code == 401


def test_no_code_is_no_login(client: FlaskClient, provider: StandIn) -> None:
    state = there(client, provider)
    answer = client.get("/login/oidc/back", query_string={"state": state, "error": "access_denied"})
    assert answer.status_code == 401
    assert back(client, there(client, provider), code="another").status_code == 401


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(lambda claims: claims.update(nonce="another"), id="another nonce"),
        pytest.param(lambda claims: claims.pop("nonce"), id="no nonce"),
        pytest.param(lambda claims: claims.update(iss="https://evil.example"), id="another issuer"),
        pytest.param(lambda claims: claims.update(aud="somebody else"), id="for somebody else"),
        pytest.param(lambda claims: claims.update(aud=["bihuan", "other"], azp="other"), id="for another first"),
        pytest.param(lambda claims: claims.update(exp=claims["iat"] - 61), id="too late"),
        pytest.param(lambda claims: claims.pop("exp"), id="for ever"),
        pytest.param(lambda claims: claims.pop("preferred_username"), id="nobody"),
        pytest.param(lambda claims: claims.update(preferred_username=["wx.chen"]), id="no name"),
    ],
)
def test_a_token_that_is_not_for_this_login_proves_nothing(client: FlaskClient, provider: StandIn, says: Edit) -> None:
    provider.says = says
    refused(client, provider)


def test_a_token_that_another_has_signed_proves_nothing(client: FlaskClient, provider: StandIn) -> None:
    provider.key = ANOTHER
    refused(client, provider)


def test_a_token_that_nobody_has_signed_proves_nothing(client: FlaskClient, provider: StandIn) -> None:
    provider.signed = False
    refused(client, provider)


def test_a_key_that_is_new_is_asked_for(client: FlaskClient, provider: StandIn) -> None:
    assert back(client, there(client, provider)).status_code == 302
    provider.key, provider.published = FRESH, [FRESH]
    assert back(client, there(client, provider)).status_code == 302


@pytest.mark.parametrize("person", ["nobody", "wx.chen\x00", "", "x" * 500])
def test_only_accounts_that_there_are_get_in(client: FlaskClient, provider: StandIn, person: str) -> None:
    provider.person = person
    refused(client, provider, "没有成功" if not person else "没有开通您的账号")


def test_only_accounts_that_are_active_and_not_locked_get_in(
    world: World, client: FlaskClient, provider: StandIn
) -> None:
    assert back(client, there(client, provider)).status_code == 302
    with world.services.database.write() as connection:
        locked = update(Account).where(Account.person == "wx.chen").values(locked_at=world.clock.now())
        connection.execute(locked)
        connection.execute(update(Person).where(Person.id == "wx.wu").values(active=False))
    refused(client, provider, "账号已被锁定")
    provider.person = "wx.wu"
    refused(client, provider, "没有开通您的账号")


def test_the_second_factor_is_asked_for_all_the_same(
    world: World, client: FlaskClient, provider: StandIn, browser: Callable[..., Browser]
) -> None:
    set_up(world, browser("wx.chen"))
    answer = back(client, there(client, provider, "/search?q=1"))
    assert answer.location == "/login/code?next=/search?q%3D1"
    assert client.get("/").status_code == 302


def test_a_provider_that_says_it_is_another_or_is_away_vouches_for_nobody(
    client: FlaskClient, provider: StandIn, world: World
) -> None:
    provider.issuer = "https://evil.example"
    assert client.get("/login/oidc").status_code == 401
    away = Configuration("http://127.0.0.1:1", "bihuan", "x", "https://bihuan.example/login/oidc/back")
    settings = replace(world.services.settings, oidc=Provider(away))
    assert create_app(replace(world.services, settings=settings)).test_client().get("/login/oidc").status_code == 401


def test_without_a_provider_there_is_no_button(browser: Callable[..., Browser]) -> None:
    assert "统一身份认证" not in browser().get("/login")
    browser().get("/login/oidc", 404)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"issuer": "http://login.example"}, "https://"),
        ({"client_id": None}, "需要 issuer"),
        ({"colour": "red"}, "需要"),
    ],
)
def test_a_file_that_is_no_use_is_told(tmp_path: Path, changed: dict[str, Any], why: str) -> None:
    whole = {
        "issuer": "https://login.example",
        "client_id": "a",
        "client_secret": "b",
        "redirect_uri": "https://c/back",
    }
    path = tmp_path / "oidc.json"
    path.write_text(json.dumps({name: value for name, value in {**whole, **changed}.items() if value is not None}))
    with pytest.raises(BadProvider, match=why):
        Configuration.read(path)
    path.write_text(json.dumps(whole))
    assert Configuration.read(path).account == "preferred_username"

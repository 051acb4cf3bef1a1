"""What the environment and the file of secrets say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.parts import identity, signer
from cli.settings import Secrets, Settings
from processes.clock import ManualClock
from processes.errors import BihuanError
from processes.messaging.inlet import INTERNAL
from processes.messaging.signing import Key

CLOCK = ManualClock(datetime(2026, 11, 26, tzinfo=UTC))
KEPT = {
    "operator": "o",
    "partners": {"hotline": "token"},
    "keys": {
        "hotline": [{"id": "k1", "secret": "one"}, {"id": "k2", "secret": "two"}],
        INTERNAL: [{"id": "own", "secret": "s"}],
    },
    "users": {"hotline": ["amqp-user"]},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with tokens and keys."""
    (tmp_path / "secrets.json").write_text(json.dumps(KEPT), "utf-8")
    return tmp_path / "secrets.json"


def test_topics_of_others_and_who_answers_them() -> None:
    said = {
        "STRUCTURED_TOPICS": "channel.refuse, notice.send",
        "FOREIGN_TOPICS": "channel.refuse",
        "ANSWERS": "acme:a,b boards:c",
    }
    settings = Settings.read(said)
    assert settings.structured == ("channel.refuse", "notice.send")
    assert settings.foreign == ("channel.refuse",)
    assert settings.answers == {"acme": ("a", "b"), "boards": ("c",)}


def test_without_any_nobody_answers_but_our_own() -> None:
    settings = Settings.read({})
    assert (settings.structured, settings.foreign, settings.answers) == ((), (), {})


@pytest.mark.parametrize("said", ["acme", "acme:", ":a"])
def test_what_cannot_be_read_is_told_with_an_example(said: str) -> None:
    with pytest.raises(BihuanError, match=r"acme:notice\.send"):
        Settings.read({"ANSWERS": said})


def test_keys_are_read_and_stay_when_tokens_are_added(path: Path) -> None:
    for secrets in (Secrets.read(path), Secrets.ensure(path, ["hotline", "ratings"]), Secrets.read(path)):
        assert secrets.keys["hotline"] == (Key("k1", "one"), Key("k2", "two"))
        assert secrets.users == {"hotline": ["amqp-user"]}
    assert Secrets.read(path).partners.keys() == {"hotline", "ratings"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_third_live_key_is_one_too_many(path: Path) -> None:
    crowded = {**KEPT, "keys": {"hotline": [{"id": str(n), "secret": "x"} for n in range(3)]}}
    path.write_text(json.dumps(crowded), "utf-8")
    with pytest.raises(BihuanError, match="hotline"):
        Secrets.read(path)


def test_the_platform_signs_with_its_first_key_and_goes_by_its_user(path: Path) -> None:
    settings = Settings.read({"SECRETS": str(path), "AMQP_URL": "amqp://plat%40form:p@mq/%2F"})
    secrets = Secrets.read(path)
    made = signer(secrets, CLOCK)
    assert made is not None
    assert made.key == Key("own", "s")
    known = identity(secrets, settings, CLOCK)
    assert known.users == {INTERNAL: ("plat@form",), "hotline": ["amqp-user"]}
    assert signer(Secrets("o", {}), CLOCK) is None

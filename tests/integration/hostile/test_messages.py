"""Forged, damaged, wrong and far too large messages: each has its effect once, or lies in the quarantine with a reason that says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.attack import Attack, draw

pytestmark = [pytest.mark.broker, pytest.mark.slow]

MESSAGES, LARGE, SIZE = 400, 3, 20 * 1024 * 1024


@pytest.fixture
def attack(tmp_path: Path, amqp_url: str) -> Iterator[Attack]:
    made = Attack(tmp_path, amqp_url, 2026)
    made.start()
    yield made
    made.stop()


def test_none_is_lost_and_each_refusal_says_why(attack: Attack) -> None:
    found = attack.run(MESSAGES, LARGE, SIZE)
    assert not found.wrong, str(found)
    assert sum(each["sent"] for each in found.families.values()) == MESSAGES
    assert found.peak < 600


def test_a_seed_draws_the_same_messages() -> None:
    first, second = ([make("hostile-000001") for make in draw(50, 7)] for _ in range(2))
    assert [(each.family, each.body) for each in first] == [(each.family, each.body) for each in second]

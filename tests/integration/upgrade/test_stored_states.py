"""Databases that earlier versions of the software wrote open under this one, and every instance in them goes on as it would have."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.integration.upgrade.driver import finish, todo
from tests.integration.upgrade.generate import SAMPLES, restored

LEARNT_SINCE = {"format-1": {"which"}}
"""Elements that appear in traces at another moment now: an event-based gateway when it is reached, not when it is left."""


AGAIN = {"guarded_sub"}
"""Processes with a boundary event that does not interrupt: a message comes by it as often as it is sent now, not only once."""


def instances() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(SAMPLES.glob("*.json")):
        sample = json.loads(path.read_text())
        found += [(path.stem, {**each, "clock": sample["clock"]}) for each in sample["instances"]]
    return found


@pytest.fixture(scope="module")
def dumps() -> dict[str, str]:
    return {
        path.name.removesuffix(".sql.zst"): zstandard.decompress(path.read_bytes()).decode()
        for path in SAMPLES.glob("*.sql.zst")
    }


@pytest.mark.parametrize(
    ("sample", "each"), instances(), ids=lambda value: value["key"] if isinstance(value, dict) else value
)
def test_an_instance_stored_by_an_earlier_version_ends_as_it_would_have(
    sample: str, each: dict[str, Any], dumps: dict[str, str], tmp_path: Path
) -> None:
    engine = restored(dumps[sample], datetime.fromisoformat(each["clock"]), str(tmp_path))
    ended = finish(engine, each["id"], each["key"], each["seed"])
    late = LEARNT_SINCE.get(sample, set())
    assert ended["state"] == each["state"]
    if each["process"] in AGAIN:
        assert set(ended["trace"]) == set(each["trace"])
        return
    assert [step for step in ended["trace"] if step not in late] == [step for step in each["trace"] if step not in late]
    assert ended["variables"] == each["variables"]
    assert todo(engine, each["id"]) == []
    engine.database.dispose()

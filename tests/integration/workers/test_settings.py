"""Addresses of external systems come from settings that are checked when they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workers.adapters import NotConfigured, Systems


def test_settings_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "systems.json"
    hotline = {"url": "https://hotline.example/api/", "token": "secret", "deadline": 3}
    path.write_text(json.dumps({"hotline": hotline, "channel:*": "http://10.0.0.8/{channel}"}), "utf-8")
    systems = Systems.read(path)
    assert systems.channel("hotline").url == "https://hotline.example/api"
    assert systems.channel("zheliban").url == "http://10.0.0.8/zheliban"
    assert systems.hosts == {("hotline.example", 443), ("10.0.0.8", 80)}
    assert "secret" not in repr(systems.channel("hotline"))


@pytest.mark.parametrize(
    "setting",
    [
        "ftp://host/", "host/path", "http://", "http://user:word@host/", "http://{channel}.example/", "http://host/?a=b",
        "", 3, {"url": "http://host", "colour": "red"}, {}, "file:///etc/passwd",
    ],
)  # fmt: skip
def test_a_wrong_address_is_told_at_once(setting: Any) -> None:
    with pytest.raises(NotConfigured, match="ratings"):
        Systems.of({"ratings": setting})


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_wrong_file_is_told_by_its_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "systems.json"
    path.write_text(content)
    with pytest.raises(NotConfigured, match=r"systems\.json"):
        Systems.read(path)
    with pytest.raises(NotConfigured, match="none"):
        Systems.read(tmp_path / "none")


def test_a_system_that_is_not_there_is_named() -> None:
    with pytest.raises(NotConfigured, match="ratings"):
        Systems.of({}).named("ratings")

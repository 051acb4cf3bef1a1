"""Files of other tools at the gateway: made ready for a draft's editor, refused in words, and what of them has its like here is offered."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from processes.notation.foreign import bringing
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_studio import TOP, begun, draft_of, send
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

FOREIGN = Path(__file__).resolve().parents[2] / "foreign"


def brought(browser: Browser, path: str, body: str | bytes, **more: Any) -> Any:
    """What the editor's script is answered."""
    return send(browser, path, body, "/bring", file="a.bpmn", **more)


def test_a_file_of_another_tool_is_made_ready_and_nothing_is_kept_yet(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    before = draft_of(world, path)
    answer = brought(top, path, (FOREIGN / "camunda7.bpmn").read_bytes())
    assert answer.status_code == 200, answer.text
    assert 'id="portal_message"' in answer.json["text"]
    assert answer.json["drawn"] is True
    assert answer.json["told"][0] == "图来自 Camunda Modeler 5.20.0。"
    assert draft_of(world, path) == before


def test_what_is_missing_for_this_engine_is_an_error_and_what_has_its_like_is_offered(browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    text = brought(top, path, (FOREIGN / "camunda7.bpmn").read_bytes()).json["text"]
    checked = send(top, path, text, "/check").json
    missing = [each for each in checked["findings"] if each["element"] == "Activity_archive"]
    assert "error" in {each["severity"] for each in missing}
    offered = {each["element"]: each["changes"] for each in checked["offers"]}
    assert {"kind": "property", "name": "role", "value": "board_handler"} in offered["Activity_check"]
    assert {"kind": "topic", "name": "", "value": "notice.send"} in offered["Activity_notify"]
    assert "Activity_archive" not in offered


def test_of_several_processes_the_script_learns_which_there_are(browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    two = "".join(f'<process id="{each}" isExecutable="true"><task id="t{each}"/></process>' for each in "ab")
    text = f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">{two}</definitions>'
    answer = brought(top, path, text)
    assert answer.status_code == 422
    assert answer.json["processes"] == [["a", "a"], ["b", "b"]]
    assert brought(top, path, text, process="b").status_code == 200


@pytest.mark.parametrize("body", [b"x" * (bringing.LARGEST + 9), b"", b"<!DOCTYPE a><a/>", b"%PDF-1.7"])
def test_what_is_no_diagram_is_refused_in_both_languages(browser: Open, body: bytes) -> None:
    top = browser(TOP)
    path = begun(top)
    answer = brought(top, path, body)
    assert answer.status_code == 422
    assert answer.json["error"]
    assert answer.json["en"]


def test_fifty_megabytes_are_not_even_read(browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    given = {"csrf_token": "", "diagram": (io.BytesIO(b"<a/>" * (13 * 1024 * 1024)), "a.bpmn")}
    answer = top.client.post(f"{path}/bring", data=given, content_type="multipart/form-data")
    assert answer.status_code == 413

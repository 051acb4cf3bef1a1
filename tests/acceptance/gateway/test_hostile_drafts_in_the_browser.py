"""A draft with hostile words, and one as large as is taken, in a real browser: shown as text, nothing runs, the editor is used as ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from processes.casework import model_drafts, models_in_force
from processes.casework.model_drafts import LARGEST, MOST_ELEMENTS
from tests.acceptance.gateway.conftest import Desk
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER, PROCESS = "zj.yun", "portal_message"

WRITTEN = "&lt;img src=x onerror=&quot;document.title='ran'&quot;&gt;&lt;script&gt;document.title='ran'&lt;/script&gt;"

ACROSS = 60
"""tasks side by side"""

PATIENCE = 60.0
"""Seconds until the largest diagram can be worked on, and until the check has answered, on a machine that has other work too."""


def drafted(world: World, text: str) -> str:
    """The address of a draft with this diagram, saved as the editor saves."""
    now = world.clock.now()
    with world.services.database.write() as connection:
        held = models_in_force.at(connection, ("",))[PROCESS]
        identity = model_drafts.begin(connection, OWNER, "", held, models_in_force.bodies(connection, [held]), now)
        draft = model_drafts.own(connection, identity, OWNER)
        assert draft is not None
        taken = model_drafts.diagram_of(draft, (text or draft.text).encode())
        model_drafts.keep(connection, draft, draft.file, taken, 0, now)
    return f"/studio/drafts/{identity}"


def largest() -> str:
    """Tasks in a row, as many as are taken, each with its shape and its line."""
    count = (MOST_ELEMENTS - 40) // 7
    while len(text := "".join(_row(count))) > LARGEST or text.count("</") + text.count("/>") > MOST_ELEMENTS:
        count -= 50
    assert count > 1_000
    return text


def _row(count: int) -> Iterator[str]:
    yield (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:i="http://www.omg.org/spec/BPMN/20100524/DI"'
        ' xmlns:d="http://www.omg.org/spec/DD/20100524/DI" xmlns:c="http://www.omg.org/spec/DD/20100524/DC"'
        f' targetNamespace="t"><process id="{PROCESS}" name="{WRITTEN}" isExecutable="true">'
        f'<documentation>{WRITTEN}</documentation><startEvent id="t0"/>'
    )
    for at in range(1, count):
        yield f'<task id="t{at}" name="第 {at} 步 {WRITTEN if at == 1 else ""}"/>'
        yield f'<sequenceFlow id="f{at}" sourceRef="t{at - 1}" targetRef="t{at}"/>'
    yield f'</process><i:BPMNDiagram><i:BPMNPlane id="p" bpmnElement="{PROCESS}">'
    for at in range(count):
        x, y = _place(at)
        yield f'<i:BPMNShape id="s{at}" bpmnElement="t{at}"><c:Bounds x="{x}" y="{y}" width="100" height="80"/></i:BPMNShape>'
    for at in range(1, count):
        (x, y), (to_x, to_y) = _place(at - 1), _place(at)
        yield f'<i:BPMNEdge id="e{at}" bpmnElement="f{at}"><d:waypoint x="{x + 100}" y="{y + 40}"/>'
        yield f'<d:waypoint x="{to_x}" y="{to_y + 40}"/></i:BPMNEdge>'
    yield "</i:BPMNPlane></i:BPMNDiagram></definitions>"


def _place(at: int) -> tuple[int, int]:
    return at % ACROSS * 150, at // ACROSS * 120


def test_the_largest_diagram_with_hostile_words_is_worked_on_as_ever(world: World, desk: At) -> None:
    path = drafted(world, largest())
    one = desk(OWNER, (1280, 800))
    began = time.perf_counter()
    page = one.open(path)
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=1000 * PATIENCE)
    opened = time.perf_counter() - began
    name = page.locator("[data-element-id=t1] text")
    expect(name).to_contain_text("<img")
    expect(page.get_by_label("流程说明")).to_have_value(
        "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"
    )
    page.locator("[data-element-id=t1] .djs-hit").click()
    expect(page.locator("[data-fields] h2")).to_contain_text("<img src=x onerror")
    began = time.perf_counter()
    page.get_by_label("名称", exact=True).fill("改了名称")
    page.get_by_label("名称", exact=True).blur()
    expect(page.locator("[data-check]")).to_have_attribute("aria-busy", "true", timeout=1000 * PATIENCE)
    expect(page.locator("[data-check]")).not_to_have_attribute("aria-busy", "true", timeout=1000 * PATIENCE)
    checked = time.perf_counter() - began
    print(f"opened in {opened:.1f} s, changed and checked in {checked:.1f} s")
    expect(page.locator("[data-check] li").first).to_be_visible()
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存", timeout=1000 * PATIENCE)
    page.get_by_role("button", name="撤销一步").click()
    expect(page.locator("[data-fields] h2")).to_contain_text("<img src=x onerror")
    assert page.locator("main img, main script").count() == 0
    assert page.title() != "ran"

"""Diagrams of other tools in the editor: opened where they stand, told what of them does not run here, and nothing of them lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from processes.notation.check.sanity import decode
from tests import axe
from tests.acceptance.gateway.test_studio_in_the_browser import DESK, OWNER, At, editor, saved
from tests.canonical import differences
from tests.integration.gateway.world import MODELS

pytestmark = pytest.mark.browser

FOREIGN = Path(__file__).resolve().parents[2] / "foreign"
SHIPPED = sorted(MODELS.rglob("*.bpmn"))
DRAWN_HERE = sorted(FOREIGN.glob("*.bpmn"))

MORE = "BIHUAN_DIAGRAMS"
"""A folder with other diagrams, the BPMN MIWG's reference set for example: they are opened and saved as well."""

SHAPE = "((id) => document.querySelector('[data-studio]').modeler.get('elementRegistry').get(id))"

AGAIN = """async (text) => {
  const { modeler, opened } = document.querySelector('[data-studio]');
  const { lost, undrawn } = await opened(modeler, text);
  return [(await modeler.saveXML({ format: true })).xml, lost, undrawn];
}"""
"""Opened and saved, by the functions of the page."""


def test_what_is_opened_and_saved_says_the_same(desk: At) -> None:
    page = editor(desk)
    assert len(DRAWN_HERE) >= 8
    more = sorted(Path(os.environ[MORE]).rglob("*.bpmn")) if MORE in os.environ else []
    wrong = {str(path): found for path in (*SHIPPED, *DRAWN_HERE, *more) if (found := changed(page, path))}
    assert not wrong, "\n".join(f"{path}: {found[:3]}" for path, found in wrong.items())


def changed(page: Page, path: Path) -> list[str]:
    """What of a file is not there any more, or otherwise, when it was opened and saved."""
    text = decode(path.name, path.read_bytes())
    if not isinstance(text, str):
        return [text.zh]
    try:
        again, lost, _undrawn = page.evaluate(AGAIN, text)
    except Exception as error:  # whatever the editor throws
        return [f"not opened: {error}"[:200]]
    return [f"lost: {each}" for each in lost] + differences(text, again)


def bring(page: Page, path: Path) -> None:
    """Open another tool's file in the editor."""
    page.locator(".bring > summary").click()
    page.get_by_label("流程图文件").set_input_files(path)
    page.get_by_role("button", name="打开这张图").click()


def test_a_diagram_of_another_tool_takes_the_place_and_is_put_away_again(desk: At) -> None:
    page = editor(desk)
    before = saved(page)
    bring(page, FOREIGN / "camunda7.bpmn")
    told = page.locator("[data-brought]")
    expect(told).to_be_visible(timeout=30_000)
    expect(told).to_contain_text("Camunda Modeler 5.20.0")
    expect(told).to_contain_text("编号改成了这里的 board_handoff")
    where = page.evaluate(
        "() => { const { x, y } = page_shape('Activity_check'); return [x, y]; }".replace("page_shape", SHAPE)
    )
    assert where == [240, 80]
    text = saved(page)
    assert 'camunda:taskListener expression="${mail.send(task)}"' in text
    assert '<bpmn:process id="board_handoff" name="许可申请" isExecutable="true"' in text
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存", timeout=20_000)
    expect(page.locator("[data-check]")).to_contain_text("审查材料", timeout=20_000)
    told.get_by_role("button", name="换回原来的图").click()
    expect(page.locator("[data-element-id=sign]").first).to_be_visible()
    assert differences(before, saved(page)) == []


def test_what_has_its_like_here_is_put_there_by_one_press_and_undone(desk: At) -> None:
    page = editor(desk)
    bring(page, FOREIGN / "camunda7.bpmn")
    offers = page.locator("[data-offers]")
    expect(offers.get_by_role("heading")).to_have_text("4 处有这里的对应写法", timeout=30_000)
    expect(offers).to_contain_text("条件 ${approved == true && amount > 100} → = approved = true and amount > 100")
    before = saved(page)
    offers.get_by_role("button", name="全部换上").click()
    expect(offers).to_contain_text("已换成这里的写法：4 处")
    expect(offers.get_by_role("heading")).to_be_hidden(timeout=20_000)
    after = saved(page)
    assert '<spiffworkflow:property name="role" value="board_handler" />' in after
    assert '<spiffworkflow:serviceTaskOperator id="notice.send">' in after
    assert ">= approved = true and amount &gt; 100</bpmn:conditionExpression>" in after
    assert ">= limit</bpmn:timeDuration>" in after
    assert 'camunda:candidateGroups="board_handler"' in after
    page.get_by_role("button", name="撤销一步").click()
    assert differences(before, saved(page)) == []
    expect(offers.get_by_role("heading")).to_have_text("4 处有这里的对应写法", timeout=20_000)


@pytest.mark.usefixtures("judge")
def test_a_diagram_of_another_tool_becomes_a_process_that_there_was_not(desk: At) -> None:
    page = desk(OWNER, DESK).open("/studio/")
    page.get_by_text("新建流程", exact=True).click()
    page.get_by_label("名称", exact=True).fill("许可受理")
    page.get_by_label("英文名称").fill("Permit intake")
    assert axe.violations(page) == []
    page.get_by_role("button", name="新建", exact=True).click()
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("修改“许可受理”")
    expect(page.locator("[data-check]")).to_have_attribute("data-state", "fine", timeout=20_000)
    bring(page, FOREIGN / "camunda7.bpmn")
    expect(page.locator("[data-brought]")).to_contain_text("编号改成了这里的 permit_intake", timeout=30_000)
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存", timeout=20_000)
    page.get_by_role("link", name="流程设计").first.click()
    expect(page.locator("main")).to_contain_text("您正在新建“许可申请”")


HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:c="http://camunda.org/schema/1.0/bpmn" targetNamespace="t">'
SCRIPT = "&lt;img src=x onerror=&quot;document.title='ran'&quot;&gt;"
HOSTILE = {
    "entities": ('<!DOCTYPE d [<!ENTITY a "aaaa">]>' + HEAD + "<process id='p'/></definitions>", "DOCTYPE"),
    "large": ("x" * 2 * 1024 * 1024, "超过 1 MB"),
    "elements": (HEAD + "<process id='p'>" + "<task/>" * 100_000 + "</process></definitions>", "拆成几个"),
    "page": ("<html><script>document.title='ran'</script></html>", "不是 BPMN 2.0"),
}


@pytest.mark.usefixtures("judge")
def test_hostile_files_are_refused_or_shown_as_text_and_the_page_stays(desk: At, tmp_path: Path) -> None:
    page = editor(desk)
    before, status = saved(page), page.locator(".bring [role=status]")
    page.locator(".bring > summary").click()
    for name, (text, words) in HOSTILE.items():
        (tmp_path / f"{name}.bpmn").write_text(text, encoding="utf-8")
        page.get_by_label("流程图文件").set_input_files(tmp_path / f"{name}.bpmn")
        page.get_by_role("button", name="打开这张图").click()
        expect(status).to_contain_text(words, timeout=30_000)
    assert differences(before, saved(page)) == []
    page.locator(".bring > summary").click()

    script = tmp_path / "script.bpmn"
    script.write_text(
        f'{HEAD}<process id="p" name="{SCRIPT}" isExecutable="true"><documentation>见<script xmlns="http://www.w3.org/1999/xhtml">'
        f"document.title='ran'</script></documentation><startEvent id='s'/><userTask id='u' name=\"{SCRIPT}\" c:assignee='${{who}}'/>"
        "<endEvent id='e'/><sequenceFlow id='f' sourceRef='s' targetRef='u'/><sequenceFlow id='g' sourceRef='u' targetRef='e'/>"
        "</process></definitions>",
        encoding="utf-8",
    )
    bring(page, script)
    expect(page.locator("[data-brought]")).to_contain_text("已自动排好", timeout=30_000)
    expect(page.locator("[data-brought]")).to_contain_text("<img src=x")
    expect(page.locator("[data-offers]")).to_contain_text("<img src=x", timeout=30_000)
    assert page.locator("main img").count() == 0
    assert page.title() != "ran"
    assert page.evaluate(f"() => {SHAPE}('u').width") == 100
    assert axe.violations(page) == []

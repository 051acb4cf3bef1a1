"""Drafts of several files: decision tables and forms beside the diagram, each saved by itself, tried out, and put into force together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework import models_in_force, texts
from processes.casework.model_drafts import LARGEST
from processes.notation.check.forms import MOST_BYTES
from processes.store.tables import ReportText
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_studio import LOCAL, TOP, begun, draft_of, in_force, put, send
from tests.integration.gateway.world import MODELS, World

Open = Callable[..., Browser]

SIGN, LIMITS = "sign.form.json", "deadlines.dmn"
RATED = "rating_level.dmn"


def text_of(name: str) -> str:
    return next(MODELS.rglob(name)).read_text(encoding="utf-8")


def save(browser: Browser, path: str, name: str, text: str | bytes, seen: int, status: int = 200) -> Any:
    answer = send(browser, path, text, revision=seen, file=name)
    assert answer.status_code == status, answer.text
    return answer.json


def tried(browser: Browser, path: str, name: str, decision: str, text: str = "", **given: str) -> Any:
    body = text or text_of(name)
    return send(browser, path, body, to="/decide", file=name, decision=decision, given=json.dumps(given)).json


def test_the_list_leads_to_each_file_in_one_draft(world: World, browser: Open) -> None:
    top = browser(TOP)
    page = top.get("/studio/")
    assert "修改“签收”" in page
    for name, title in ((SIGN, "签收"), (LIMITS, "办理时限")):
        where = top.post("/studio/drafts", {"place": "", "process": "board_handoff", "file": name}, "/studio/")
        assert where.endswith(f"/files/{name}")
        assert title in top.get(where)
    assert len({begun(top, "board_handoff"), where.partition("/files/")[0]}) == 1


def test_each_file_is_saved_by_itself(world: World, browser: Open) -> None:
    """Two windows with different files don't get in each other's way; two with the same do."""
    top = browser(TOP)
    path = begun(top, "board_handoff")
    diagram = draft_of(world, path).text
    form = text_of(SIGN).replace("异议理由", "为什么有异议")
    assert save(top, path, SIGN, form, 0)["revision"] == 1
    assert send(top, path, diagram, revision=0).json["revision"] == 2
    assert save(top, path, LIMITS, text_of(LIMITS), 0)["revision"] == 3
    refused = save(top, path, SIGN, form, 0, 409)
    assert refused["revision"] == 1
    assert save(top, path, SIGN, form.replace("为什么", "为何"), 1)["revision"] == 4
    draft = draft_of(world, path)
    assert draft.file == "board_handoff.bpmn"
    assert draft.text == diagram
    assert set(draft.files) == {"board_handoff.bpmn", SIGN, LIMITS}
    assert "为何有异议" in draft.files[SIGN]


def test_all_files_of_a_draft_come_into_force_together(world: World, browser: Open) -> None:
    top = browser(TOP)
    before = in_force(world)
    path = begun(top, "board_handoff")
    save(top, path, SIGN, text_of(SIGN).replace("异议理由", "为什么有异议"), 0)
    table = text_of(LIMITS).replace('label="难度"', 'label="难不难"')
    save(top, path, LIMITS, table, 0)
    page = top.get(f"{path}/force")
    assert "为什么有异议" in page
    assert "已生效" in put(top, path, 2)
    after = in_force(world)
    changed = {each for each in after if after[each] != before[each]}
    assert {"board_handoff", "problem"} <= changed
    with world.services.database.read() as connection:
        held = models_in_force.at(connection, ("",))
        bodies = models_in_force.bodies(connection, [held[each] for each in changed])
    assert "为什么有异议" in bodies[SIGN].decode()
    assert bodies[LIMITS] == table.encode()


def test_an_owner_of_a_place_changes_a_form_there_alone(world: World, browser: Open) -> None:
    before = in_force(world)
    local = browser(LOCAL)
    path = begun(local, "rating", "330502")
    save(local, path, "deliver.form.json", text_of("deliver.form.json").replace("人工答复企业", "当面答复企业"), 0)
    assert "已生效" in put(local, path, 1)
    assert in_force(world) == before
    assert "rating" in in_force(world, "330502")
    assert "当面答复企业" in local.get("/studio/?place=330502")


@pytest.mark.parametrize(("kind", "ending"), [("form", ".form.json"), ("dmn", ".dmn")])
def test_a_new_file_gets_a_safe_name_and_can_be_taken_back(world: World, browser: Open, kind: str, ending: str) -> None:
    top = browser(TOP)
    path = begun(top)
    title = '../../"<b>回执</b>'
    where = top.post(f"{path}/files", {"kind": kind, "title": title}, "/studio/")
    name = where.rpartition("/")[2]
    assert re.fullmatch(r"[a-z0-9_]+" + re.escape(ending), name)
    page = top.get(where)
    assert "<b>回执" not in page
    assert "流程图里还没有环节用它" in page
    kept = (
        draft_of(world, path)
        .files[name]
        .replace("&quot;", '"')
        .replace('\\"', '"')
        .replace("&lt;", "<")
        .replace("&gt;", ">")
    )
    assert title in kept
    again = top.post(f"{path}/files", {"kind": kind, "title": "又一个"}, "/studio/")
    assert again != where
    assert "不会生效" in top.get("/studio/")
    top.post(f"{where}/leave", {}, "/studio/")
    assert name not in draft_of(world, path).files
    top.get(where, 404)
    top.post(f"{path}/files", {"kind": "bpmn", "title": "图"}, "/studio/", 400)


def test_only_files_of_the_process_are_opened(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top, "board_handoff")
    for name in ("rating_level.dmn", "handling.bpmn", "board_handoff.bpmn", "nothing.form.json", "..%2Fsecret.dmn"):
        top.get(f"{path}/files/{name}", 404)
        assert send(top, path, text_of(SIGN), revision=0, file=name).status_code in (404, 422)
    browser(LOCAL).get(f"{path}/files/{SIGN}", 404)


DEEP = b'{"type":"object","properties":' + b'{"a":' * 60 + b"{}" + b"}" * 60 + b"}"
NESTED = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">'
    + b"<list>" * 5000
    + b"</list>" * 5000
    + b"</definitions>"
)
ENTITIES = b"""<!DOCTYPE definitions [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="&a;"/>"""


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (SIGN, b"x" * (MOST_BYTES + 1)),
        (SIGN, b"[]"),
        (SIGN, b'{"type": NaN}'),
        (SIGN, b"\xff\xfe"),
        (SIGN, b"[" * 100_000),
        (SIGN, DEEP),
        (LIMITS, b"<!--" + b"x" * LARGEST + b"-->"),
        (LIMITS, ENTITIES),
        (LIMITS, NESTED),
        (LIMITS, b""),
        (LIMITS, b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>'),
    ],
    ids=["huge form", "list", "NaN", "no text", "brackets", "deep form", "huge table", "entities", "deep table", "nothing", "a diagram"],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_in_words(world: World, browser: Open, name: str, body: bytes) -> None:
    top = browser(TOP)
    path = begun(top, "board_handoff")
    before = draft_of(world, path)
    for to in ("", "/check", "/decide", "/preview"):
        answer = send(top, path, body, to=to, revision=0, file=name)
        assert answer.status_code == 422, to
        assert re.search(r"[\u4e00-\u9fff]", answer.json["error"])
        assert b"root:" not in answer.data
    assert draft_of(world, path) == before


def test_an_error_is_told_at_its_cell_or_field(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top, "board_handoff")
    broken = text_of(SIGN).replace('= outcome = \\"dispute\\"', "= outcome = (")
    found = send(top, path, broken, to="/check", file=SIGN).json["findings"]
    assert [each["element"] for each in found if each["severity"] == "error"] == ["reason"]
    path = begun(top, "rating")
    unique = text_of(RATED).replace('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"')
    found = send(top, path, unique, to="/check", file=RATED).json["findings"]
    first = next(each for each in found if each["severity"] == "error")
    assert first["rows"] == ["rating_level_rule0", "rating_level_rule1"]
    assert "使两行不重叠" in first["remedy"]


def test_a_decision_is_tried_on_the_engines_own_tables(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top, "rating")
    asked = send(top, path, text_of(RATED), to="/decide", file=RATED, decision="rating_level").json["questions"]
    assert [each["name"] for each in asked] == ["rating.level", "rating.solved"]
    answer = tried(top, path, RATED, "rating_level", **{"rating.level": "2"})
    assert [each["row"] for each in answer["rules"]] == [5]
    assert answer["outputs"]["title"] == "不满意"
    changed = text_of(RATED).replace('"不满意"', '"很不满意"')
    assert tried(top, path, RATED, "rating_level", changed, **{"rating.level": "2"})["outputs"]["title"] == "很不满意"
    assert "没有决策" in tried(top, path, RATED, "another", **{"rating.level": "2"})["error"]


def test_trying_reads_no_words_that_are_kept(world: World, browser: Open) -> None:
    """What is typed for a variable is no reference to kept words, though it looks like one."""
    world.report("1")
    with world.services.database.read() as connection:
        kept = connection.execute(select(ReportText.report_id, ReportText.body)).first()
    assert kept is not None
    reference = texts.of_report(kept.report_id, "body")
    assert kept.body == world.services.snapshots.text(reference) != ""
    top = browser(TOP)
    path = begun(top, "discovery")
    table = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
    <decision id="duplicates" name="d"><literalExpression><text>text(x)</text></literalExpression></decision></definitions>"""
    answer = tried(top, path, "duplicates.dmn", "duplicates", table, x=json.dumps(reference))
    assert answer["value"] == ""
    assert tried(top, path, "duplicates.dmn", "duplicates", table, x='"这些字"')["value"] == "这些字"


def test_the_preview_is_the_tasks_own_form(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top, "board_handoff")
    written = text_of(SIGN).replace("异议理由", "<script>alert(1)</script>")
    page = send(top, path, written, to="/preview", file=SIGN).json["html"]
    assert 'name="reason"' in page
    assert 'value="dispute"' in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    nonsense = '{"type": "object", "properties": {"a": 1}}'
    assert send(top, path, nonsense, to="/preview", file=SIGN).json["html"] == ""

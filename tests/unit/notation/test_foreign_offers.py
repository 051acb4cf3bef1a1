"""What of another engine's settings has its like here, and only that; what has been replaced is not told any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from processes.notation.check.checker import check_files
from processes.notation.foreign.juel import feel_of
from processes.notation.foreign.known import Known
from processes.notation.foreign.offers import Change, Offer, offers
from processes.notation.xml import parse_text

FOREIGN = Path(__file__).resolve().parents[2] / "foreign"
HERE = Known(
    roles={"board_handler": "板块经办"},
    forms={"sign.form.json"},
    jobs={"notice.send": ["kind"]},
    decisions={"triage_rules"},
    processes={"handling": "受理"},
)
NOTHING = Known({}, (), {}, (), {})


def offered(name: str, known: Known = HERE) -> dict[str, Offer]:
    found = offers(parse_text((FOREIGN / f"{name}.bpmn").read_text("utf-8")), known)
    return {each.element: each for each in found}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("${a > 1}", "= a > 1"),
        ("#{approved == true}", "= approved = true"),
        ("${!ok && (x eq 'y' || b.c<=2)}", '= not(ok) and (x = "y" or b.c <= 2)'),
        ("${not (a && b)}", "= not(a and b)"),
        ("${x != null}", "= x != null"),
        ("${是否同意}", "= 是否同意"),
        ("${mail.send(task)}", None),
        ("${f(x)}", None),
        ("${a < b == c}", None),
        ("${empty x}", None),
        ("${a ? b : c}", None),
        ("${list[0]}", None),
        ("${execution.id}", None),
        ("${nrOfCompletedInstances >= 2}", None),
        ("${a} and ${b}", None),
        ("${'it\\'s'}", None),
        ("${}", None),
        ("approved", None),
    ],
)
def test_an_expression_is_feel_where_it_surely_means_the_same(theirs: str, ours: str | None) -> None:
    assert feel_of(theirs) == ours


def test_camunda_7() -> None:
    found = offered("camunda7")
    assert found["Activity_check"].changes == (
        Change("property", "board_handler", "role"),
        Change("property", "= dueTime", "dueAt"),
        Change("property", "sign.form.json", "form"),
    )
    assert found["Activity_notify"].changes == (
        Change("topic", "notice.send"),
        Change("parameter", "= noticeKind", "kind"),
    )
    assert found["Event_late"].changes == (Change("time", "= limit", "timeDuration"),)
    assert found["Flow_yes"].changes == (Change("condition", "= approved = true and amount > 100"),)
    assert "角色“板块经办”" in found["Activity_check"].said.zh
    assert len(found) == 4


def test_camunda_8() -> None:
    found = offered("camunda8")
    assert Change("property", "= reviewer", "assignee") in found["review"].changes
    assert found["rule"].changes == (Change("decision", "triage_rules"), Change("property", "level", "resultVariable"))
    assert found["count"].changes == (Change("script", "= {sum: a + b}"),)
    assert found["call"].changes == (Change("called", "handling"),)


def test_flowable_and_jbpm() -> None:
    assert Change("property", "P3D", "dueAt") in offered("flowable")["approve"].changes
    assert offered("flowable")["flow_yes"].changes == (Change("condition", '= outcome = "yes" and days <= 5'),)
    assert offered("jbpm")["_task"].changes == (Change("property", "board_handler", "role"),)


def test_what_there_is_not_here_is_not_offered() -> None:
    assert "Activity_notify" not in offered("camunda7", NOTHING)
    assert offered("camunda7", NOTHING)["Activity_check"].changes == (Change("property", "= dueTime", "dueAt"),)
    assert not offered("signavio")


def test_settings_are_told_at_tasks_flows_and_processes_until_ours_stand_there() -> None:
    text = (FOREIGN / "camunda7.bpmn").read_text("utf-8")
    assert told(text)["Flow_2"] == "executionListener"
    assert "candidateStarterGroups" in told(text)["permit"]
    assert told(text)["Activity_notify"] == "inputOutput"
    assert "candidateGroups" in told(text)["Activity_check"]
    spiff = 'xmlns:s="http://spiffworkflow.org/bpmn/schema/1.0/core"'
    ours = f'<s:properties {spiff}><s:property name="role" value="board_handler"/></s:properties><camunda:inputOutput>'
    assert "candidateGroups" not in told(text.replace("<camunda:inputOutput>", ours, 1))["Activity_check"]


def told(text: str) -> dict[str, str]:
    """What check says of settings without effect: element → their names."""
    found = check_files({"a.bpmn": text.encode()})
    return {each.element or "": each.en.partition(" of ")[0] for each in found if each.rule == "foreign-extension"}

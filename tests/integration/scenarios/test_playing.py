"""A scenario is played as written; what is not as written is told with its step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from processes.scenarios.coverage import Coverage
from processes.scenarios.playing import Played
from processes.scenarios.suite import Suite
from tests.diagrams import definitions, end, flow, path, process, start, timer, user
from tests.integration.scenarios.house import FULL, folder, scenario

LOOK = {"task": "look", "form": {"ok": True}}
SENT = {"job": "send", "result": "P-1"}


def played(at: Path, *scenarios: Mapping[str, Any]) -> list[Played]:
    return list(Suite([folder(at, *scenarios)]).play())


def failure(at: Path, one: Mapping[str, Any]) -> str:
    (found,) = played(at, one)
    assert found.failure is not None
    return found.failure.zh


def succeeds(at: Path, one: Mapping[str, Any]) -> None:
    (found,) = played(at, one)
    assert found.failure is None, found.failure.zh


def test_a_scenario_that_says_everything_holds(tmp_path: Path) -> None:
    succeeds(tmp_path, FULL)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ({"state": "active"}, 'then：state：应为 "active"，实为 "completed"'),
        ({"path": ["send", "look"]}, 'path 2：应为 "look"，实为 ["begun", '),
        ({"passed": ["silent"]}, 'passed：应为 "silent"'),
        ({"not_passed": ["send"]}, "not_passed：经过了 send"),
        ({"variables": {"parcel": "P-2"}}, 'variables parcel：应为 "P-2"，实为 "P-1"'),
        ({"variables": {"box": {"a": True}}}, 'variables box：应为 {"a": true}，实为 {"a": 1, "b": 2}'),
        ({"tasks": [{"task": "look"}]}, 'tasks：应为 {"task": "look"}，实为 []'),
        ({"deadlines": {"look": {"light": "red"}}}, 'deadlines look：应为 {"light": "red"}，实为 null'),
        ({"jobs": [{"job": "send", "times": 2}]}, "jobs send：应有2 次 {}，实有 1 次"),
        ({"jobs": [{"job": "send", "arguments": {"number": "8"}}]}, "应有至少一次"),
        ({"jobs": [{"job": "order/send", "times": 0}]}, "jobs order/send：应有0 次 {}，实有 1 次"),
        ({"messages": [{"message": "told", "key": "8"}]}, 'messages told：应有至少一次 {"key": "8"}，实有 0 次'),
        ({"messages": [{"message": "told", "times": 0}]}, "实有 1 次"),
        ({"stage": "closure"}, 'stage：应为 "closure"，实为 "intake"'),
        ({"status": "未发出"}, 'status：应为 "未发出"，实为 "已发出"'),
        ({"record": {"sent": "8"}}, 'record：应为 {"sent": "8"}，实为 {"sent": "7"}'),
        ({"incidents": ["send"]}, 'incidents：应为 ["send"]，实为 []'),
        ({"not_passed": ["sned"]}, "not_passed：图上没有 sned"),
    ],
)
def test_each_kind_of_then_that_does_not_hold_is_told(tmp_path: Path, then: dict[str, Any], told: str) -> None:
    assert told in failure(tmp_path, {**FULL, "then": then})


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"task": "send"}, "第 1 步（send）：send 没有待办任务\n此刻：task[look] message[stop(7)] timer[late]"),
        ({"task": "look", "where": {"organisation": "o.8"}}, 'look{"organisation": "o.8"} 没有待办任务'),
        ({"task": "look", "form": {"note": "漏了"}}, "第 1 步（look）：请填写“行吗”"),
        ({"job": "send"}, "send 没有等待答复的外部任务"),
        ({"message": "asked", "key": "7"}, "没有谁在等消息 asked（关联键“7”）"),
        ({"signal": "alarm"}, "没有谁在等信号 alarm"),
        ({"until": "2026-01-01T09:00"}, "时间不能倒流"),
        ({"then": {"tasks": []}}, "第 1 步（then）：tasks：应为 []"),
    ],
)
def test_a_step_that_cannot_be_taken_is_told(tmp_path: Path, step: dict[str, Any], told: str) -> None:
    assert told in failure(tmp_path, scenario([step], {}))


def test_deadlines_and_lights_are_those_of_the_moment(tmp_path: Path) -> None:
    def light(colour: str) -> dict[str, Any]:
        term = {"due": "2026-01-06T17:30", "warn": "2026-01-06T09:00", "light": colour}
        return {"then": {"deadlines": {"look": term}, "tasks": [{"task": "order/look", "role": "clerk"}]}}

    steps = [light("green"), {"until": "2026-01-06T10:00"}, light("yellow"), {"wait": "P1D"}, light("red")]
    succeeds(tmp_path, scenario(steps, {"state": "active"}))


def test_jobs_have_their_usual_answers_also_while_time_passes(tmp_path: Path) -> None:
    given = {"answers": {"remind.send": None, "send": "P-9"}}
    then = {
        "state": "completed",
        "path": ["late", "remind", "reminded", "send", "silent"],
        "variables": {"parcel": "P-9"},
    }
    succeeds(tmp_path, scenario([{"wait": "P2D"}, LOOK, {"wait": "P1D"}], then, **given))


def test_errors_failures_and_incidents(tmp_path: Path) -> None:
    error = scenario(
        [LOOK, {"job": "send", "error": "lost"}], {"path": ["gone", "note_loss", "tell"], "variables": {"lost": True}}
    )
    tried_again = scenario(
        [LOOK, {"job": "send", "failure": "不通"}, {"wait": "PT1M"}, SENT],
        {"passed": ["tell"], "jobs": [{"job": "send", "times": 1}]},
    )
    given_up = scenario(
        [LOOK, {"job": "send", "failure": "不通", "final": True}], {"incidents": ["send"], "not_passed": ["tell"]}
    )
    nobody = scenario([LOOK, {"job": "send", "error": "unknown"}], {})
    *fine, wrong = played(tmp_path, error, tried_again, given_up, nobody)
    assert [each.failure and each.failure.zh for each in fine] == [None] * 3
    assert wrong.failure is not None
    assert "incidents：应为 []" in wrong.failure.zh


def test_signals_early_messages_and_the_end_by_an_operator(tmp_path: Path) -> None:
    by_signal = scenario([LOOK, SENT, {"signal": "alarm"}], {"state": "completed", "passed": ["alarmed"]})
    early = scenario(
        [{"message": "asked", "key": "7", "early": True}, LOOK, SENT], {"state": "completed", "passed": ["heard"]}
    )
    cancelled = scenario([{"cancel": "不要了"}], {"state": "cancelled", "tasks": []})
    stopped = scenario(
        [{"message": "stop", "key": "7"}], {"state": "completed", "path": ["stopping", "stop_asked", "stopped"]}
    )
    assert [each.failure and each.failure.zh for each in played(tmp_path, by_signal, early, cancelled, stopped)] == [
        None
    ] * 4


def test_nothing_of_a_scenario_is_left_for_the_next(tmp_path: Path) -> None:
    first, second, third = played(tmp_path, scenario([], {"tasks": [{"task": "look"}]}), FULL, FULL)
    assert [first.failure, second.failure, third.failure] == [None] * 3
    assert second.flows == third.flows


def test_a_form_may_be_sent_that_is_not_allowed_any_more(tmp_path: Path) -> None:
    succeeds(
        tmp_path,
        scenario(
            [{"task": "look", "form": {"ok": True, "odd": 1}, "unchecked": True}], {"variables": {"look": {"odd": 1}}}
        ),
    )


def test_answers_that_never_come_to_rest_are_told(tmp_path: Path) -> None:
    looping = definitions(
        process(
            "turning",
            start(),
            '<bpmn:exclusiveGateway id="again"/>',
            '<bpmn:serviceTask id="ask"><bpmn:extensionElements><spiffworkflow:serviceTaskOperator '
            'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="ask.it" resultVariable="said"/>'
            "</bpmn:extensionElements></bpmn:serviceTask>",
            path("start", "again", "ask", "again"),
        )
    )
    (folder(tmp_path) / "turning.bpmn").write_bytes(looping)
    one = scenario([], {}, answers={"ask.it": None}) | {"process": "turning"}
    assert "流程仍在不断提出新的任务" in failure(tmp_path, one)


def test_a_process_begins_by_its_message_signal_or_time(tmp_path: Path) -> None:
    at = folder(tmp_path)
    (at / "begun.bpmn").write_bytes(
        definitions(
            '<bpmn:message id="come" name="come"/><bpmn:signal id="fire" name="fire"/>',
            process(
                "begun",
                '<bpmn:startEvent id="by_message"><bpmn:messageEventDefinition messageRef="come"/></bpmn:startEvent>',
                '<bpmn:startEvent id="by_signal"><bpmn:signalEventDefinition signalRef="fire"/></bpmn:startEvent>',
                f'<bpmn:startEvent id="by_time">{timer("timeCycle", "R/PT1H")}</bpmn:startEvent>',
                user("do", role="clerk"),
                end(),
                *(flow(each, "do") for each in ("by_message", "by_signal", "by_time")),
                flow("do", "end"),
            ),
        )
    )
    for kind, name in (("message", "come"), ("signal", "fire"), ("timer", "by_time")):
        one = scenario([{"wait": "P1D"}, {"task": "do"}], {"state": "completed", "tasks": []}, start={kind: name})
        (at / f"{kind}.scenario.json").write_text(json.dumps(one | {"process": "begun"}), "utf-8")
    suite = Suite([at])
    assert [each.failure and each.failure.zh for each in suite.play()] == [None] * 3
    assert measured(suite)["begun"].percent == 100


# -- coverage --------------------------------------------------------------------------------------------------------------


def measured(suite: Suite) -> dict[str, Coverage]:
    return {each.process: each for each in suite.coverage()}


def test_flows_and_nodes_are_counted_once_a_scenario(tmp_path: Path) -> None:
    suite = Suite([folder(tmp_path, FULL, scenario([{"wait": "P3D"}], {}))])
    list(suite.play())
    order = measured(suite)["order"]
    # A loop is gone through twice and counts once; what waits behind the gateway is passed only where it was caught.
    assert (order.flows["look_good"], order.flows["good_look"], order.flows["good_send"]) == (1, 1, 1)
    assert (order.flows["begun_look"], order.flows["late_remind"], order.flows["remind_reminded"]) == (2, 1, 0)
    assert (order.flows["wait_heard"], order.flows["wait_silent"], order.flows["stop_asked_stopped"]) == (1, 0, 0)
    assert (order.nodes["remind"], order.nodes["gone"], order.nodes["reminded"]) == (1, 0, 0)
    assert [each.id for each in order.missed] == [
        "stop_asked_stopped", "remind_reminded", "gone_note_loss", "note_loss_tell", "wait_silent", "silent_done", "wait_alarmed", "alarmed_done",
    ]  # fmt: skip
    assert order.percent == pytest.approx(100 * (1 - 8 / 17))


def test_an_event_sub_process_is_passed_when_it_begins(tmp_path: Path) -> None:
    suite = Suite([folder(tmp_path, scenario([{"message": "stop", "key": "7"}], {}))])
    list(suite.play())
    order = measured(suite)["order"]
    assert (order.flows["stop_asked_stopped"], order.nodes["stopping"], order.nodes["stop_asked"]) == (1, 1, 1)


def test_what_a_failed_command_did_is_not_passed(tmp_path: Path) -> None:
    """No condition holds: the step is an incident, and the way to the gateway was not gone."""
    (folder(tmp_path) / "stuck.bpmn").write_bytes(
        definitions(
            process(
                "stuck",
                start(),
                user("do", role="clerk"),
                '<bpmn:exclusiveGateway id="which"/>',
                end(),
                path("start", "do", "which"),
                flow("which", "end", '= number = "8"'),
            )
        )
    )
    one = scenario([{"task": "do"}], {"incidents": ["which"], "not_passed": ["which"]}) | {"process": "stuck"}
    (tmp_path / "stuck.scenario.json").write_text(json.dumps(one), "utf-8")
    suite = Suite([tmp_path])
    (found,) = suite.play()
    assert found.failure is None, found.failure.zh
    assert measured(suite)["stuck"].flows == {"start_do": 1, "do_which": 0, "which_end": 0}


def test_two_flows_between_the_same_nodes_are_told_apart(tmp_path: Path) -> None:
    (folder(tmp_path) / "two.bpmn").write_bytes(
        definitions(
            process(
                "two",
                start(),
                '<bpmn:exclusiveGateway id="which" default="right"/>',
                end(),
                flow("start", "which"),
                '<bpmn:sequenceFlow id="left" sourceRef="which" targetRef="end"><bpmn:conditionExpression>= number = "8"'
                "</bpmn:conditionExpression></bpmn:sequenceFlow>",
                '<bpmn:sequenceFlow id="right" sourceRef="which" targetRef="end"/>',
            )
        )
    )
    (tmp_path / "two.scenario.json").write_text(json.dumps(scenario([], {}) | {"process": "two"}), "utf-8")
    suite = Suite([tmp_path])
    list(suite.play())
    assert measured(suite)["two"].flows == {"start_which": 1, "left": 0, "right": 1}


def test_diagrams_without_scenarios_count_as_well(tmp_path: Path) -> None:
    suite = Suite([folder(tmp_path)])
    assert measured(suite)["order"].percent == 0

"""What only several files together show: calls, decisions, forms, errors caught by callers, roles."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from cli.parts import judge
from processes.messaging import jobs
from processes.notation.check import Codes, Finding, check_files, check_paths
from tests.diagrams import definitions, end, path, process, service, start

NAMESPACES = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
VALID = Path(__file__).parents[2] / "valid"


def diagram(process: str, body: str, head: str = "") -> bytes:
    return (
        f'<definitions {NAMESPACES} id="d" targetNamespace="t">{head}'
        f'<process id="{process}" isExecutable="true">{body}</process></definitions>'
    ).encode()


def flow(*ids: str) -> str:
    return "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(ids))


def caller(process: str, called: str, more: str = "") -> bytes:
    body = f'<startEvent id="s"/><callActivity id="call" calledElement="{called}"/><endEvent id="e"/>' + flow(
        "s", "call", "e"
    )
    return diagram(process, body + more, '<error id="e1" name="refused" errorCode="REFUSED"/>')


CAUGHT = (
    '<boundaryEvent id="b" attachedToRef="call"><errorEventDefinition errorRef="e1"/></boundaryEvent><endEvent id="be"/>'
    + flow("b", "be")
)
THROWS = diagram(
    "throws",
    '<startEvent id="s"/><endEvent id="refused"><errorEventDefinition errorRef="e1"/></endEvent>'
    + flow("s", "refused"),
    '<error id="e1" name="refused" errorCode="REFUSED"/>',
)


def alarms(findings: list[Finding]) -> list[tuple[str, str | None, str]]:
    return [(each.file, each.element, each.rule) for each in findings if each.severity != "info"]


def test_an_error_that_every_caller_catches_is_no_alarm() -> None:
    assert alarms(check_files({"a.bpmn": caller("a", "throws", CAUGHT), "t.bpmn": THROWS})) == []


def test_an_error_that_one_of_two_callers_lets_through_is_an_alarm() -> None:
    files = {"a.bpmn": caller("a", "throws", CAUGHT), "b.bpmn": caller("b", "throws"), "t.bpmn": THROWS}
    assert alarms(check_files(files)) == [("t.bpmn", "refused", "uncaught-error")]


def test_an_error_may_be_caught_two_calls_up() -> None:
    files = {"a.bpmn": caller("a", "b", CAUGHT), "b.bpmn": caller("b", "throws"), "t.bpmn": THROWS}
    assert alarms(check_files(files)) == []


def test_processes_that_call_each_other_in_a_circle_are_walked_once() -> None:
    files = {"a.bpmn": caller("a", "b"), "b.bpmn": caller("b", "a"), "t.bpmn": THROWS}
    assert alarms(check_files(files)) == [("t.bpmn", "refused", "uncaught-error")]


def test_a_way_that_just_stops_beside_an_end_event_is_an_error_called_or_not() -> None:
    stops = diagram(
        "stops", '<startEvent id="s"/><userTask id="last"/><endEvent id="e"/>' + flow("s", "last") + flow("s", "e")
    )
    findings = check_files({"s.bpmn": stops, "a.bpmn": caller("a", "stops")})
    assert alarms(findings) == [("s.bpmn", "last", "dead-end")]


def test_a_close_name_is_suggested_for_a_missing_process() -> None:
    findings = check_files({"a.bpmn": caller("a", "board_handof"), "b.bpmn": caller("board_handoff", "a")})
    (finding,) = [each for each in findings if each.rule == "unknown-called-process"]
    assert "board_handoff" in finding.zh


def test_the_same_process_in_two_files_is_an_error_where_they_are_deployed_together() -> None:
    same = diagram("same", '<startEvent id="s"/><endEvent id="e"/>' + flow("s", "e"))
    findings = check_files({"a.bpmn": same, "b.bpmn": same})
    assert alarms(findings) == [("a.bpmn", "same", "duplicate-process"), ("b.bpmn", "same", "duplicate-process")]
    assert {each.severity for each in findings if each.rule == "duplicate-process"} == {"error"}
    apart = check_files({"a.bpmn": same, "b.bpmn": same}, together=False)
    assert {each.severity for each in apart if each.rule == "duplicate-process"} == {"info"}


def test_the_same_decision_in_two_files_is_an_error_where_they_are_deployed_together() -> None:
    same = (VALID / "decision.dmn").read_bytes()
    findings = check_files({"a.dmn": same, "b.dmn": same})
    assert alarms(findings) == [
        ("a.dmn", "valid_fee", "duplicate-decision"),
        ("b.dmn", "valid_fee", "duplicate-decision"),
    ]


def test_two_different_models_of_one_file_name_cannot_both_be_kept() -> None:
    one, other = (VALID / "service.bpmn").read_bytes(), (VALID / "script.bpmn").read_bytes()
    findings = check_files({"a/x.bpmn": one, "b/x.bpmn": other})
    assert alarms(findings) == [("a/x.bpmn", None, "duplicate-file-name"), ("b/x.bpmn", None, "duplicate-file-name")]
    assert alarms(check_files({"a/x.bpmn": one, "b/y.bpmn": other})) == []


def test_a_role_and_a_stage_that_the_reference_data_do_not_know_are_named(tmp_path: Path) -> None:
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "roles.csv").write_text("code,name\nhandlers,经办人\n", encoding="utf-8")
    (tmp_path / "reference" / "stages.csv").write_text("code,name\nhandling,处置\n", encoding="utf-8")
    (tmp_path / "one").mkdir()
    path = tmp_path / "one" / "properties.bpmn"
    path.write_bytes((VALID / "properties.bpmn").read_bytes())
    expected = [(str(path), "sign", "unknown-code")]
    for given in (tmp_path, tmp_path / "one", path):
        findings = check_paths([given])
        assert alarms(findings) == expected
    assert "handlers" in next(each.zh for each in findings if each.rule == "unknown-code")


def test_a_missing_role_matters_only_where_roles_are_used() -> None:
    task = '<startEvent id="s"/><userTask id="u">{}</userTask><endEvent id="e"/>' + flow("s", "u", "e")
    role = '<spiffworkflow:properties><spiffworkflow:property name="role" value="handler"/></spiffworkflow:properties>'
    role = f"<extensionElements>{role}</extensionElements>"
    without, with_role = diagram("x", task.format("")), diagram("y", task.format(role))
    assert alarms(check_files({"x.bpmn": without})) == []
    assert alarms(check_files({"x.bpmn": without, "y.bpmn": with_role})) == [("x.bpmn", "u", "user-task-without-role")]


def test_a_broken_neighbour_does_not_spoil_a_good_file() -> None:
    good = (VALID / "call.bpmn").read_bytes()
    findings = check_files({"good.bpmn": good, "bad.bpmn": b"<definitions", "worse.dmn": b"PK\x03\x04"})
    assert {each.file for each in findings if each.severity == "error"} == {"bad.bpmn", "worse.dmn"}


def test_a_job_topic_outside_the_catalogue_is_only_a_note() -> None:
    body = (VALID / "service.bpmn").read_bytes()
    known = check_files({"s.bpmn": body}, codes=Codes(topics=frozenset({"notice.send"})))
    unknown = check_files({"s.bpmn": body}, codes=Codes(topics=frozenset({"notice.sent"})))
    assert "unknown-topic" not in {each.rule for each in known}
    (finding,) = [each for each in unknown if each.rule == "unknown-topic"]
    assert finding.severity == "info"
    assert "notice.sent" in finding.zh


def test_ids_may_be_the_same_in_two_files_that_call_each_other() -> None:
    inner = '<subProcess id="inner"><startEvent id="is"/><endEvent id="ie"/>' + flow("is", "ie") + "</subProcess>"
    outer = (
        '<startEvent id="s"/>'
        + inner
        + '<callActivity id="call" calledElement="b"/><endEvent id="e"/>'
        + flow("s", "inner", "call", "e")
    )
    second = '<startEvent id="s"/>' + inner + '<endEvent id="e"/>' + flow("s", "inner", "e")
    assert alarms(check_files({"a.bpmn": diagram("a", outer), "b.bpmn": diagram("b", second)})) == []


def test_an_id_of_the_callers_own_file_does_not_hide_the_process_of_that_name_elsewhere() -> None:
    assert alarms(check_files({"a.bpmn": caller("a", "e"), "e.bpmn": diagram("e", "")})) == [
        ("e.bpmn", "e", "empty-process")
    ]


# ---- arguments of jobs, by the catalogue ---------------------------------------------------------------------------------


def arguments(**given: str) -> list[tuple[str | None, str, str]]:
    """What is said of a service task of ours with these arguments: (element, rule, words)."""
    whole = definitions(
        process("p", start(), service("ask", "http.request", given), end(), path("start", "ask", "end"))
    )
    found = check_files({"a.bpmn": whole}, codes=Codes(judge=judge))
    return [(each.element, each.rule, each.zh) for each in found if each.severity != "info"]


def test_a_literal_argument_that_the_catalogue_refuses_is_an_error_at_its_element() -> None:
    [(element_id, rule, words)] = arguments(method='= "FETCH"')
    assert (element_id, rule) == ("ask", "job-argument")
    assert "参数 method 不对" in words


def test_feel_in_a_literal_is_read_too() -> None:
    [(_, rule, words)] = arguments(result='= "{id: body.}"')
    assert rule == "job-argument"
    assert "语法错误" in words
    [(_, _, words)] = arguments(
        errors='= [{when: "status = 404", code: "none"}, {when: "stauts = 409", code: "closed"}]'
    )
    assert "errors[1].when" in words
    assert "stauts" in words


def test_an_argument_that_depends_on_the_case_is_left_to_the_case() -> None:
    assert arguments(method="= chosen", result='= "{id: " + wanted + "}"', headers="= {Host: where}") == []


def test_an_argument_that_fits_is_no_alarm() -> None:
    assert arguments(method='= "GET"', path="'/records'", query='= {state: ["open"], page: 2}') == []


def missing(body: str, required: Mapping[str, str] = MappingProxyType({"reason": "退回原因"})) -> list[Finding]:
    """What is said of arguments that are not there, of one more service task."""
    whole = definitions(process("p", start(), body, end(), path("start", "ask", "end")))
    found = check_files({"a.bpmn": whole}, codes=Codes(required=lambda topic: required))
    return [each for each in found if each.rule == "job-argument"]


def test_a_required_argument_that_is_left_out_is_an_error_at_its_element_that_names_it() -> None:
    [finding] = missing(service("ask", "channel.refuse", {"channel": '= "hotline"'}))
    assert (finding.element, finding.severity) == ("ask", "error")
    assert "没有给任务 channel.refuse 必填的参数 reason（退回原因）" in finding.zh
    assert "添加参数 reason" in finding.remedy_zh
    assert missing(service("ask", "channel.refuse", {"reason": "= why"})) == []


def test_an_argument_without_a_value_is_left_out() -> None:
    body = service("ask", "channel.refuse", {"reason": "= why"}).replace(' value="= why"', "")
    assert [each.element for each in missing(body)] == ["ask"]


def test_what_must_be_there_is_what_the_catalogue_says() -> None:
    assert missing(service("ask", "somebody.elses", {}), jobs.required("somebody.elses")) == []
    found = missing(service("ask", "channel.refuse", {}), jobs.required("channel.refuse"))
    assert len(found) == 3, "channel, original and reason; a report that was refused at once may have no number"

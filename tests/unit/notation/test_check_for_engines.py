"""What only this engine asks for: an error in files that are made for it, a note in others until they are to be deployed."""

from __future__ import annotations

import pytest

from processes.notation.check import check_files

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'


def diagram(middle: str, executable: str = 'isExecutable="true"', spaces: str = "", head: str = "") -> bytes:
    return (
        f'<definitions xmlns="{BPMN}" {spaces} id="d" targetNamespace="urn:t"{head}><process id="p" {executable}>'
        f'<startEvent id="s"/>{middle}<endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="m"/>'
        '<sequenceFlow id="f2" sourceRef="m" targetRef="e"/></process></definitions>'
    ).encode()


def severity(rule: str, body: bytes, *, deploying: bool = False) -> str:
    """How a rule judges a file; empty when it does not."""
    found = [each.severity for each in check_files({"a.bpmn": body}, deploying=deploying) if each.rule == rule]
    return found[0] if found else ""


SERVICE = '<serviceTask id="m"/>'
CHOICE = (
    '<exclusiveGateway id="m"/><endEvent id="x"/><sequenceFlow id="f3" sourceRef="m" targetRef="x">'
    "<conditionExpression>{}</conditionExpression></sequenceFlow>"
)


def test_a_service_task_without_operator_is_an_error_in_a_file_of_ours() -> None:
    assert severity("service-without-operator", diagram(SERVICE, spaces=OURS)) == "error"


def test_in_a_file_of_another_maker_it_is_a_note_until_it_is_deployed() -> None:
    assert severity("service-without-operator", diagram(SERVICE)) == "info"
    assert severity("service-without-operator", diagram(SERVICE, spaces=CAMUNDA)) == "info"
    assert severity("service-without-operator", diagram(SERVICE), deploying=True) == "error"


def test_a_process_that_is_not_marked_runs_only_in_a_file_of_ours_or_when_deployed() -> None:
    assert severity("service-without-operator", diagram(SERVICE, "")) == ""
    assert severity("service-without-operator", diagram(SERVICE, "", OURS)) == "error"
    assert severity("service-without-operator", diagram(SERVICE, ""), deploying=True) == "error"


def test_how_often_and_for_what_a_task_is_repeated_may_stand_in_another_engine_s_settings_until_it_is_deployed() -> (
    None
):
    loop = '<multiInstanceLoopCharacteristics camunda:collection="people"/>'
    body = diagram(f'<task id="m">{loop}</task>', spaces=CAMUNDA)
    assert severity("multi-instance-without-number", body) == ""
    assert severity("multi-instance-without-number", body, deploying=True) == "error"


def test_documentation_is_never_asked_for_operators() -> None:
    body = diagram(SERVICE, 'isExecutable="false"', OURS)
    assert severity("service-without-operator", body) == ""
    assert severity("service-without-operator", body, deploying=True) == ""


def test_deploying_nothing_that_runs_is_an_error() -> None:
    body = diagram('<task id="m"/>', 'isExecutable="false"')
    assert severity("not-executable", body) == "info"
    assert severity("not-executable", body, deploying=True) == "error"
    nothing = f'<definitions xmlns="{BPMN}" id="d" targetNamespace="urn:t"/>'.encode()
    assert severity("no-process", nothing) == "info"
    assert severity("no-process", nothing, deploying=True) == "error"


def test_documentation_beside_a_process_that_runs_may_be_deployed() -> None:
    files = {"a.bpmn": diagram('<task id="m"/>'), "b.bpmn": diagram('<task id="m"/>', 'isExecutable="false"')}
    assert [each for each in check_files(files, deploying=True) if each.severity == "error"] == []


@pytest.mark.parametrize("text", ["${amount > 3}", "the amount is large", "//order/total > 3"])
def test_a_condition_that_cannot_be_read_is_an_error_where_it_is_to_run(text: str) -> None:
    assert severity("expression", diagram(CHOICE.format(text))) == "error"
    assert severity("expression", diagram(CHOICE.format(text), 'isExecutable="false"')) == ""
    assert severity("expression", diagram(CHOICE.format(text), "")) == ""


def test_a_condition_that_says_its_language_is_judged_only_when_deployed() -> None:
    xpath = ' expressionLanguage="http://www.w3.org/1999/XPath"'
    assert severity("expression", diagram(CHOICE.format("//a > 3"), head=xpath)) == "info"
    assert severity("expression", diagram(CHOICE.format("//a > 3"), head=xpath), deploying=True) == "error"
    assert severity("expression", diagram(CHOICE.format("${a}"), spaces=CAMUNDA)) == "info"


@pytest.mark.parametrize(
    ("rule", "middle"),
    [
        ("complex-gateway", '<complexGateway id="m"/>'),
        ("ad-hoc-sub-process", '<adHocSubProcess id="m"><task id="t"/></adHocSubProcess>'),
        ("token-quantity", '<task id="m" startQuantity="2"/>'),
        (
            "multi-instance-behavior",
            '<task id="m"><multiInstanceLoopCharacteristics behavior="One"><loopCardinality>2</loopCardinality>'
            "</multiInstanceLoopCharacteristics></task>",
        ),
    ],
)
def test_what_the_engine_refuses_is_an_error_wherever_it_is_marked_executable(rule: str, middle: str) -> None:
    assert severity(rule, diagram(middle)) == "error"
    assert severity(rule, diagram(middle, 'isExecutable="false"')) == ""


def test_the_method_of_a_transaction_is_only_noted() -> None:
    body = diagram('<transaction id="m" method="##Store"><task id="t"/></transaction>')
    assert severity("transaction-method", body) == "info"


def test_settings_of_another_engine_are_told_at_their_element_and_warned_of_when_deployed() -> None:
    work = '<userTask id="m" camunda:skipExpression="${{true}}"><extensionElements>{}</extensionElements></userTask>'
    listens = '<camunda:inputOutput><camunda:inputParameter name="a">1</camunda:inputParameter></camunda:inputOutput>'
    body = diagram(work.format(listens), spaces=CAMUNDA)
    assert severity("foreign-extension", body) == "info"
    assert severity("foreign-extension", body, deploying=True) == "warning"
    both = diagram(work.format(listens), spaces=f"{CAMUNDA} {OURS}")
    assert severity("foreign-extension", both, deploying=True) == "info"
    (finding,) = [each for each in check_files({"a.bpmn": body}) if each.rule == "foreign-extension"]
    assert finding.element == "m"
    assert "skipExpression, inputOutput" in finding.en


@pytest.mark.parametrize(("written", "judged"), [("items", "error"), ("= items", ""), ("3", "")])
def test_an_expression_in_another_language_is_not_read_as_python(written: str, judged: str) -> None:
    head = ' expressionLanguage="http://www.w3.org/1999/XPath"'
    body = diagram(CHOICE.format(written), spaces=OURS, head=head)
    assert severity("expression-language", body) == judged
    assert severity("expression-language", diagram(CHOICE.format(written), head=head)) == ("info" if judged else "")

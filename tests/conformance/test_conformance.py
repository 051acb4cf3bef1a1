"""Every construct: the right trace, also when the state was stored between the steps, or the refusal."""

from __future__ import annotations

from importlib.resources import files

import pytest
from lxml import etree

from tests.conformance.case import Case, cases
from tests.conformance.pattern import mismatch
from tests.conformance.play import Player, errors, refuse

ALL = list(cases())
EXECUTED = [case for case in ALL if not case.refusals]
REFUSED = [case for case in ALL if case.refusals]
BEYOND_THE_SCHEMA = {"multi-instance-list-expression.bpmn"}
"""The schema wants a QName for the list of a multi-instance activity; our dialect allows an expression as well."""


@pytest.mark.parametrize("case", EXECUTED, ids=str)
def test_it_runs_as_the_standard_says(case: Case) -> None:
    assert errors(case) == {}
    outcomes = []
    for forgetful in (False, True):
        player = Player(case, forgetful=forgetful)
        player.play()
        outcomes.append(player.outcome())
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_it_is_refused_at_its_element(case: Case) -> None:
    refuse(case)


def test_every_file_is_valid_bpmn() -> None:
    schema = etree.XMLSchema(etree.parse(str(files("SpiffWorkflow") / "bpmn/parser/schema/BPMN20.xsd")))
    bodies = {path: body for case in ALL for path, body in case.files.items() if path.endswith(".bpmn")}
    assert {path for path, body in bodies.items() if not schema.validate(etree.fromstring(body))} == BEYOND_THE_SCHEMA


def test_a_trace_with_open_order_takes_every_interleaving_and_nothing_else() -> None:
    pattern = "begin (a b | c) done"
    for trace in ("begin a b c done", "begin a c b done", "begin c a b done"):
        assert mismatch(pattern, trace.split()) is None
    for trace in ("begin b a c done", "begin a b done", "begin a b c", "begin a b c done done", ""):
        assert mismatch(pattern, trace.split()) is not None

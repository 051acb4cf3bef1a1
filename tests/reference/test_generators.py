"""The generators and the comparison themselves: what they draw can be read and reaches its end, and no difference is overlooked."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processes.notation.check import check_files
from tests.reference.blocks.leaves import LEAVES
from tests.reference.comparison import difference
from tests.reference.drawing import Model
from tests.reference.generators import ALL, COMPOUNDS, DETAILS, FAMILIES, models, plays
from tests.reference.interpreter import Reference
from tests.reference.paths import Play, do

PATIENT = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_process_reaches_the_end_of_its_path_and_does_so_again(family: str) -> None:
    @PATIENT
    @given(plays(ALL, family))
    def explore(play: Play) -> None:
        again = Reference(play.model.files).start("p", play.model.variables)
        for action in play.actions:
            assert again.state == "active"
            do(again, action)
        assert (again.state, again.trace) == ("completed", play.trace)
        assert again.variables == play.run.variables

    explore()


@pytest.mark.parametrize("name", COMPOUNDS)
def test_a_process_can_be_drawn_of_every_block_alone(name: str) -> None:
    @settings(PATIENT, max_examples=5)
    @given(plays(frozenset({name, *LEAVES, *DETAILS})))
    def explore(play: Play) -> None:
        assert play.run.state == "completed"

    explore()


@PATIENT
@given(models())
def test_what_is_drawn_is_valid_bpmn(model: Model) -> None:
    assert [found.en for found in check_files(model.files) if found.rule.startswith("schema")] == []


@PATIENT
@given(plays(), st.data())
def test_the_comparison_misses_nothing(play: Play, data: st.DataObject) -> None:
    trace, entries = play.trace, play.run.entries
    assert difference(entries, trace) == ""
    number = data.draw(st.integers(0, len(trace) - 1))
    assert difference(entries, trace[:number] + trace[number + 1 :]) != ""
    assert difference(entries, [*trace[: number + 1], *trace[number:]]) != ""
    assert difference(entries, [*trace[:number], "stranger", *trace[number + 1 :]]) != ""
    for cause in entries[number].causes:
        if trace.count(trace[number]) == trace.count(trace[cause]) == 1:
            swapped = list(trace)
            swapped[cause], swapped[number] = trace[number], trace[cause]
            assert difference(entries, swapped) != ""

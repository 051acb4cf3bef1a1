"""The rules themselves: each has its clause, its words, its broken file; and their cost grows with the file, not faster."""

from __future__ import annotations

import cProfile
import pstats
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from processes.notation.check.findings import Rule
from processes.notation.check.rules import engine, standard, style
from processes.notation.check.sanity import parse
from processes.notation.check.schema import schema_findings
from processes.notation.check.world import World
from processes.notation.diagram import read

TESTS = Path(__file__).parents[2]
EXPECTED = re.compile(r"<!-- expected: (.*?) -->")
# Broken only by several files together, by reference data or by the catalogue of jobs: see test_check_between_files, test_check_imports.
SEVERAL_FILES = {
    "duplicate-process", "import-namespace", "import-not-bpmn", "import-duplicate-id", "unknown-code", "job-argument",
}  # fmt: skip
# A note until a file is to be deployed: see test_check_for_engines.
ONLY_DEPLOYING = {"no-process", "not-executable"}


def rules(*modules: ModuleType) -> Iterator[Rule]:
    for module in modules:
        yield from (each for each in vars(module).values() if isinstance(each, Rule))


STANDARD = sorted(set(rules(*standard.MODULES)), key=lambda rule: rule.code)
ENGINE = sorted(set(rules(*engine.MODULES)) - set(STANDARD), key=lambda rule: rule.code)


@pytest.mark.parametrize("rule", STANDARD, ids=lambda rule: rule.code)
def test_a_rule_of_the_standard_names_its_clause(rule: Rule) -> None:
    assert re.match(r"\d+\.\d|the clause of each reference", rule.section)


@pytest.mark.parametrize("rule", ENGINE, ids=lambda rule: rule.code)
def test_a_rule_of_the_engine_claims_no_clause(rule: Rule) -> None:
    assert rule.section == ""


def test_every_rule_that_raises_an_alarm_has_a_broken_file() -> None:
    shown: set[str] = set()
    for path in (TESTS / "broken").iterdir():
        found = EXPECTED.search(path.read_bytes().decode("utf-8", "replace"))
        for each in found[1].split(", ") if found else ():
            shown.add(each.split()[0].rpartition(":")[2])
    alarming = {rule.code for rule in (*STANDARD, *ENGINE) if rule.severity != "info"}
    assert alarming - shown == SEVERAL_FILES | ONLY_DEPLOYING


def test_notes_of_style_never_raise_an_alarm() -> None:
    assert {rule.severity for rule in rules(style)} == {"info"}


def chain(length: int) -> bytes:
    nodes = "".join(f'<task id="n{each}"/>' for each in range(1, length))
    flows = "".join(
        f'<sequenceFlow id="f{each}" sourceRef="n{each}" targetRef="n{each + 1}"/>' for each in range(length)
    )
    return wrapped(f'<startEvent id="n0"/>{nodes}<endEvent id="n{length}"/>{flows}')


def torn(length: int) -> bytes:
    """Nothing but mistakes: flows to nowhere, errors without codes, unknown references, lost compensation."""
    return wrapped(
        "".join(
            f'<task id="n{each}" oops=""/><sequenceFlow id="f{each}" sourceRef="gone" targetRef="n{each}"/>'
            f'<boundaryEvent id="b{each}" attachedToRef="n{each}"><compensateEventDefinition/></boundaryEvent>'
            f'<endEvent id="e{each}"><compensateEventDefinition activityRef="n{each}"/></endEvent>'
            f'<endEvent id="x{each}"><errorEventDefinition errorRef="gone"/></endEvent>'
            for each in range(length)
        )
    )


def fan(length: int) -> bytes:
    ways = "".join(
        f'<task id="n{each}"/><sequenceFlow id="a{each}" sourceRef="g" targetRef="n{each}"/>'
        f'<sequenceFlow id="b{each}" sourceRef="n{each}" targetRef="j"/>'
        for each in range(length)
    )
    ends = '<startEvent id="s"/><parallelGateway id="g"/><parallelGateway id="j"/><endEvent id="e"/>'
    flows = '<sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="f2" sourceRef="j" targetRef="e"/>'
    return wrapped(ends + ways + flows)


def nested(length: int) -> bytes:
    depth = 60
    return wrapped(
        "".join(f'<subProcess id="s{each}"><task id="t{each}"/>' for each in range(depth))
        + "".join(f'<task id="n{each}"/>' for each in range(length))
        + "</subProcess>" * depth
    )


def wrapped(body: str) -> bytes:
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t" id="d">'
        f'<process id="p" isExecutable="true">{body}</process></definitions>'
    ).encode()


def walk(body: bytes) -> None:
    """Every rule about single elements, and the schema (walks through a process have a budget of their own)."""
    xml, _ = parse("large.bpmn", body)
    assert xml is not None
    diagram = read("large.bpmn", xml.root)
    world = World(diagrams=(diagram,), own=frozenset({"large.bpmn"}))
    for _ in schema_findings(diagram):
        pass
    for check in (*standard.CHECKS, *engine.CHECKS, *style.CHECKS):
        for _ in check(diagram, world):
            pass


def calls(body: bytes) -> int:
    profile = cProfile.Profile()
    profile.runcall(walk, body)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("shape", [chain, torn, fan, nested])
def test_the_work_grows_with_the_file_and_not_faster(shape: Callable[[int], bytes]) -> None:
    walk(shape(10))
    assert calls(shape(1_200)) < 4.6 * calls(shape(300))

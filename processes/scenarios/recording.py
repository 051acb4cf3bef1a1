"""From a walk to a scenario: what came of it is what must come of it from now on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from processes.scenarios import files
from processes.scenarios.files import Scenario
from processes.scenarios.judging import Reached, fits, incidents, judge, open_tasks
from processes.scenarios.stage import Stage
from processes.scenarios.walking import Walker

Data = dict[str, Any]

LONGEST = 200
"""characters of a text that is written down as a variable's value: longer ones are people's words, which no rule goes by"""


def recorded(data: Mapping[str, Any], scenario: Scenario, walker: Walker) -> Data:
    """A walk's file with its ``then``: state, way, open tasks, incidents, and what the diagrams have said and worked out. What comes out
    otherwise when it is played once more (an id that was drawn) is left out. Raises what stands in the way of the walk."""
    walked, stage = walker.walk(scenario, anew=True), walker.stage
    if walked.failure is not None:
        raise walked.failure
    known = {**scenario.given.variables}
    then = _seen(stage, walked.instance, scenario.process, walked.reached)
    variables = stage.instance(walked.instance).variables
    again = walker.walk(scenario, anew=True)
    now = stage.instance(again.instance).variables
    then["variables"] = {
        name: value
        for name, value in variables.items()
        if _is_telling(value) and (name not in known or known[name] != value) and fits(value, now.get(name))
    }
    said = {
        name: value
        for name, value in then.items()
        if value is not None and (value not in ("", {}, []) or name == "tasks")
    }
    none = {"incidents": said.get("incidents", [])}  # said or not, they are compared
    kept = {
        name: value
        for name, value in said.items()
        if not judge(files.then_of({**none, name: value}), stage, again.instance)
    }
    return {**data, "then": kept}


def _seen(stage: Stage, instance: str, process: str, way: Sequence[Reached]) -> Data:
    said = stage.record.said
    state = stage.instance(instance).state
    return {
        "state": state,
        "path": [each.element for each in way if each.process == process],
        "tasks": [_task(each) for each in open_tasks(stage)] if state == "active" else None,
        "incidents": [element for element, _ in incidents(stage)],
        "stage": said.get("stage"),
        "status": said.get("caseStatus"),
        "record": {name: value for name, value in said.get("record", {}).items() if _is_telling(value)},
    }


def _task(row: Any) -> Data:
    return {"task": row.element_id} | {name: each for name in ("organisation", "role") if (each := getattr(row, name))}


def _is_telling(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) or (isinstance(value, str) and 0 < len(value) <= LONGEST)


def written(data: Mapping[str, Any]) -> str:
    """The text of a scenario's file."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"

"""Drafts that change something, each with the query that finds the cases it must make a difference to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from tests.whatif.rewriting import BPMN, SPIFF, by_id, changed, rewritten, split

HANDOFF = "board_handoff.bpmn"

Files = Mapping[str, bytes]


def same(files: Files, seed: int = 7) -> Files:
    """Other ids, another order, two tables told as two each: nothing may differ."""
    out = rewritten(files, seed)
    for decision in ("deadlines", "classification"):
        name = next(each for each, body in files.items() if f'decision id="{decision}"'.encode() in body)
        out[name] = split(out[name], decision)
    return out


def routed(files: Files) -> Files:
    """What went to the finance board goes to the policy board."""
    return {**files, HANDOFF: changed(files[HANDOFF], _route)}


ROUTED = "SELECT DISTINCT instance_id FROM user_task WHERE element_id = 'sign' AND organisation = '330502.finance'"
AT_POLICY = "SELECT DISTINCT instance_id FROM user_task WHERE organisation = '330502.policy'"
"""Where the draft sends them, these have been by themselves, too: its people's answers may lead on to a step that nobody has recorded."""


def _route(root: Any) -> None:
    script = by_id(root, "assign").find(f"{BPMN}script")
    script.text = script.text.replace(
        "extra_days: 0", 'board: if board = "330502.finance" then "330502.policy" else board, extra_days: 0'
    )


def reviewed(files: Files) -> Files:
    """Before a board works on it, somebody looks at it: a task that nobody has ever done."""
    return {**files, HANDOFF: changed(files[HANDOFF], _review)}


REVIEWED = (
    "SELECT instance_id FROM user_task WHERE element_id = 'handle' "
    "UNION SELECT instance_id FROM job WHERE topic = 'board.order'"
)


def _review(root: Any) -> None:
    flow = by_id(root, "begin_to_work")
    process = flow.getparent()
    task = etree.SubElement(process, f"{BPMN}userTask", id="legal_review", name="法律审核")
    properties = etree.SubElement(etree.SubElement(task, f"{BPMN}extensionElements"), f"{SPIFF}properties")
    etree.SubElement(properties, f"{SPIFF}property", name="role", value="coordinator")
    etree.SubElement(task, f"{BPMN}incoming").text = "begin_to_work"
    etree.SubElement(task, f"{BPMN}outgoing").text = "review_to_work"
    work = by_id(root, "work")
    for each in work.findall(f"{BPMN}incoming"):
        each.text = "review_to_work" if each.text == "begin_to_work" else each.text
    flow.set("targetRef", "legal_review")
    etree.SubElement(process, f"{BPMN}sequenceFlow", id="review_to_work", sourceRef="legal_review", targetRef="work")

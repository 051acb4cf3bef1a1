"""DMN decisions in FEEL: every hit policy, requirement graphs, and which rules fired."""
# mypy: ignore-errors

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from processes.errors import BihuanError
from processes.notation import feel
from processes.notation.decisions import _model
from processes.notation.decisions._model import c1, ch, norm, tag


class DecisionError(BihuanError):
    """A decision file that cannot be read, or a decision that could not be evaluated."""

    def __init__(self, file: str, element: str | None, zh: str, en: str, **details: object) -> None:
        super().__init__(zh, en, file=file, element=element, **details)
        self.file, self.element = file, element


class HitPolicyViolation(DecisionError):
    """Rules of a table match together where its hit policy forbids it. ``rows`` count from 1."""

    def __init__(self, file: str, decision: str, table: str, policy: str, rows: tuple[int, ...]) -> None:
        listed = "、".join(map(str, rows))
        super().__init__(
            file, table,
            f"决策表“{decision}”（{table}）违反命中策略 {policy}：第 {listed} 行同时匹配",
            f"decision table {table} of {decision} violates {policy}: rows {', '.join(map(str, rows))} match together",
            decision=decision, table=table, policy=policy, rows=rows,
        )
        self.decision, self.table, self.policy, self.rows = decision, table, policy, rows


@dataclass(frozen=True)
class FiredRule:
    """A rule that matched: decision id, table id, rule id, row number from 1, and the row's annotation."""

    decision: str
    table: str
    rule_id: str
    row_number: int
    annotation: str | None = None


@dataclass(frozen=True)
class DecisionResult:
    """``value`` as JSON; ``outputs`` by output name when the decision is a table (lists for multiple hits)."""

    value: Any
    outputs: dict[str, Any] | None
    fired: tuple[FiredRule, ...]


class _Backend:
    def __init__(self, functions, clock, budget):
        self.functions, self.clock, self.budget = functions, clock, budget

    def eval(self, text, ctx):
        names = frozenset(_core_keys(ctx))
        return feel.compile_expression(text, names).evaluate(ctx, self.functions, self.budget, self.clock)

    def unary(self, text, value, ctx):
        names = frozenset(_core_keys(ctx))
        return feel.compile_unary(text, names).test(value, ctx, self.functions, self.budget, self.clock)


def _core_keys(ctx):
    return feel._core.keys_of(ctx, set())


class DecisionModel:
    """A parsed decision file; shared between threads."""

    def __init__(self, root: Any, name: str) -> None:
        self.name = name
        self._model = _model.Model(root, None)
        self.decision_ids: tuple[str, ...] = tuple(d.get("id") for d in ch(root, "decision"))

    def evaluate(
        self,
        decision_id: str,
        variables: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]] = {},
        clock: Callable[[], datetime.datetime] | None = None,
    ) -> DecisionResult:
        """Evaluate one decision and what it requires over the task's data."""
        node = self._model.ids.get(decision_id)
        if node is None or tag(node) != "decision":
            raise DecisionError(self.name, decision_id, f"没有决策“{decision_id}”", f"no decision {decision_id}")
        model = copy.copy(self._model)
        model.be = _Backend(functions, clock, feel.Budget(2_000_000))
        model.memo, model.fired, model.current = {}, [], node
        try:
            value = feel.to_json(model.value(node, dict(variables)))
        except _model.HitPolicyError as error:
            rows = tuple(number for number, _ in error.rows)
            raise HitPolicyViolation(
                self.name, model.current.get("id"), error.table.get("id"), str(error), rows
            ) from error
        except feel.FeelError as error:
            raise DecisionError(
                self.name, decision_id, f"决策“{decision_id}”无法求值：{error}", f"{decision_id}: {error}"
            ) from error
        fired = tuple(
            FiredRule(d.get("id"), t.get("id") or "", r.get("id") or "", n, _annotation(r)) for d, t, n, r in model.fired
        )
        return DecisionResult(value, _outputs(node, value), fired)


def _annotation(rule: Any) -> str | None:
    texts = [(c1(e, "text").text or "") for e in ch(rule, "annotationEntry") if c1(e, "text") is not None]
    description = c1(rule, "description")
    if not texts and description is not None:
        texts = [description.text or ""]
    return "；".join(t for t in texts if t) or None


def _outputs(node: Any, value: Any) -> dict[str, Any] | None:
    table = c1(node, "decisionTable")
    if table is None:
        return None
    names = [norm(o.get("name") or "") for o in ch(table, "output")]
    if len(names) == 1:
        return {names[0] or norm(node.get("name") or node.get("id")): value}
    if isinstance(value, list):
        return {n: [row.get(n) for row in value] for n in names}
    return {n: value.get(n) if isinstance(value, dict) else None for n in names}


def parse_decisions(xml: bytes, name: str) -> DecisionModel:
    """Parse a DMN file; ``name`` is its file name for messages. No entities, no network, no huge trees."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, dtd_validation=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise DecisionError(name, None, f"文件“{name}”不是有效的 XML：第{error.lineno}行", str(error)) from error
    if root.getroottree().docinfo.doctype:
        raise DecisionError(name, None, f"文件“{name}”不得含有 DOCTYPE", "DOCTYPE is refused")
    return DecisionModel(root, name)

"""A decision tried out on a file, before it is put into force: its result, and the rules that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processes.errors import BihuanError
from processes.notation.decisions.errors import DecisionError
from processes.notation.decisions.model import DecisionModel, parse_decisions
from processes.notation.decisions.run import DecisionResult
from processes.notation.feel.scope import Clock, Functions

_NOTHING: Functions = {}


class BadInput(BihuanError):
    """What was to be decided upon is no JSON object."""


@dataclass(frozen=True)
class Trial:
    """What came out. ``missing``: input data of the file that were not given, and so were null."""

    decision: str
    result: DecisionResult
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "decision": self.decision,
            "value": self.result.value,
            "outputs": self.result.outputs,
            "rules": [
                {
                    "decision": rule.decision,
                    "table": rule.table,
                    "row": rule.row_number,
                    "id": rule.rule_id,
                    "annotation": rule.annotation,
                }
                for rule in self.result.fired
            ],
            "missing": list(self.missing),
        }

    def render(self) -> str:
        """For people, in Chinese."""
        lines = [f"决策  {self.decision}", f"结果  {json.dumps(self.result.value, ensure_ascii=False)}"]
        if self.missing:
            lines.append(f"没有给出（按空值处理）：{'、'.join(self.missing)}")
        if not self.result.fired:
            return "\n".join([*lines, "没有命中任何规则"])
        lines.append("命中的规则：")
        for rule in self.result.fired:
            why = f"：{rule.annotation}" if rule.annotation else ""
            lines.append(f"  {rule.decision} 第 {rule.row_number} 行（{rule.rule_id or '没有 id'}）{why}")
        return "\n".join(lines)


def read_input(text: str) -> dict[str, Any]:
    """The variables written down as a JSON object. Raises :class:`BadInput`."""
    try:
        given = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        where = f"（第 {error.lineno} 行第 {error.colno} 列）" if isinstance(error, json.JSONDecodeError) else ""
        raise BadInput(
            f"输入不是有效的 JSON{where}；请写成 '{{\"名称\": 值, …}}'，文字加双引号", f"not JSON: {error}"
        ) from error
    if not isinstance(given, dict):
        raise BadInput('输入必须是 JSON 对象：{"名称": 值, …}', "the input must be a JSON object")
    return given


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def try_decision(
    body: bytes,
    file: str,
    variables: Mapping[str, Any],
    decision: str | None = None,
    functions: Functions = _NOTHING,
    clock: Clock | None = None,
) -> Trial:
    """Make a decision of the file; without a name, the one that no other decision of the file builds upon.

    Raises :class:`DecisionError`: the file can't be read, the decision is unknown or can't be made, a hit policy is violated.
    """
    model = parse_decisions(body, file)
    chosen = decision or _only(model)
    missing = tuple(name for name in model.inputs if name not in variables)
    return Trial(chosen, model.evaluate(chosen, variables, functions, clock), missing)


def _only(model: DecisionModel) -> str:
    final = model.final_decisions
    if len(final) == 1:
        return final[0]
    if not model.decision_ids:
        raise DecisionError(model.file, None, f"文件“{model.file}”里没有决策", f"{model.file}: no decision")
    names = "、".join(final or model.decision_ids)
    zh = f"文件“{model.file}”里有几个决策，请用 --decision 指定一个：{names}"
    raise DecisionError(model.file, None, zh, f"{model.file}: several decisions, name one: {names}")

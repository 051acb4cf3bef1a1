"""What is wrong with a decision file, or went wrong in a decision."""

from __future__ import annotations

from processes.errors import BihuanError


class DecisionError(BihuanError):
    """A decision file that can't be read, or a decision that could not be made.

    ``file`` is the name the file was parsed under, ``element`` the id of the part that is at fault, or None.
    """

    def __init__(self, file: str, element: str | None, zh: str, en: str, **details: object) -> None:
        super().__init__(zh, en, file=file, element=element, **details)
        self.file = file
        self.element = element


class HitPolicyViolation(DecisionError):
    """Rules of a table match together where its hit policy forbids it. ``rows`` count from 1."""

    def __init__(self, file: str, decision: str, table: str, policy: str, rows: tuple[int, ...]) -> None:
        super().__init__(
            file,
            table,
            f"决策“{decision}”的决策表（{table}）不满足命中策略 {policy}：第{'、'.join(map(str, rows))}行同时命中",
            f"table {table} of decision {decision} breaks hit policy {policy}: "
            f"rows {', '.join(map(str, rows))} match together",
            decision=decision,
            table=table,
            policy=policy,
            rows=rows,
        )
        self.decision = decision
        self.table = table
        self.policy = policy
        self.rows = rows

"""Soundness: can a diagram get stuck, leave tokens behind, go on for ever, or never reach a step? Answered by its states.

>>> for verdict in examine(diagram):           # a processes.notation.diagram.Diagram
...     print(verdict.kind, verdict.node.id, verdict.witness)

Data is abstracted away: a condition may hold or not, a message or a timer may come or not; errors and escalations go to their catchers. Every
scope becomes a net of its own (``compiling``, ``assembling``, ``net``), whose states are explored (``exploring``) and judged (``judging``);
what is around it sees a summary (``summary``). Bounded by a ``Budget``; a verdict says where it gave up.
"""

from __future__ import annotations

from processes.notation.soundness.budget import Budget
from processes.notation.soundness.examining import examine
from processes.notation.soundness.verdicts import Kind, Verdict

__all__ = ["Budget", "Kind", "Verdict", "examine"]

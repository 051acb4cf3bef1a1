"""DMN decisions: every hit policy and aggregation, requirement graphs, boxed expressions, and which rules fired."""

from processes.notation.decisions.errors import DecisionError, HitPolicyViolation
from processes.notation.decisions.model import DecisionModel, parse_decisions
from processes.notation.decisions.run import DecisionResult, FiredRule

__all__ = [
    "DecisionError",
    "DecisionModel",
    "DecisionResult",
    "FiredRule",
    "HitPolicyViolation",
    "parse_decisions",
]

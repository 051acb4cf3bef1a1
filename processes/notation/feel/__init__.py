"""FEEL, the expression language of DMN 1.5: parsed and compiled to closures once, evaluated within a budget.

No source ever reaches Python's own ``eval``, ``exec`` or ``compile``. The package imports nothing outside itself but the
standard library and google-re2.
"""

from processes.notation.feel.budget import Budget
from processes.notation.feel.errors import BudgetExceeded, FeelError, FeelSyntaxError
from processes.notation.feel.expression import Expression, UnaryTests, compile_expression, compile_unary
from processes.notation.feel.json_values import to_json

__all__ = [
    "Budget",
    "BudgetExceeded",
    "Expression",
    "FeelError",
    "FeelSyntaxError",
    "UnaryTests",
    "compile_expression",
    "compile_unary",
    "to_json",
]

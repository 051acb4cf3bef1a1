"""From the tree to closures: each node becomes a Python function of the scope. Names, operators and constant tests are
decided once, here, so that evaluating does as little as it can."""

from processes.notation.feel.compiler import functions, operators, sequences, tests
from processes.notation.feel.compiler.dispatch import compile_node
from processes.notation.feel.compiler.tests import TestCode, compile_test_list

__all__ = ["TestCode", "compile_node", "compile_test_list", "functions", "operators", "sequences", "tests"]

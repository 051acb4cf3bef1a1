"""Which function compiles which node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from processes.notation.feel.scope import Code
from processes.notation.feel.tree import Node

_Compile = TypeVar("_Compile", bound=Callable[[Any], Code])
_COMPILERS: dict[type[Node], Callable[[Any], Code]] = {}


def compiles(kind: type[Node]) -> Callable[[_Compile], _Compile]:
    """Register the function that compiles nodes of one kind."""

    def register(function: _Compile) -> _Compile:
        _COMPILERS[kind] = function
        return function

    return register


def compile_node(node: Node) -> Code:
    """The closure of a node; raises RecursionError when the tree is too deep."""
    return _COMPILERS[type(node)](node)

"""Data associations: what they bring into an activity or event, and what they take out of it (BPMN 2.0.2, 10.4.2)."""

from __future__ import annotations

from typing import Any

from processes.kernel.data import Data
from processes.kernel.errors import Stuck
from processes.kernel.machine import Machine
from processes.kernel.plan import Node
from processes.kernel.state import Token


def read(m: Machine, token: Token) -> Data:
    """What data associations bring into an activity or event."""
    objects, data = m.objects(token.scope), token.data
    found: Data = {}
    for move in token.node.inputs:
        value = objects.get(move.data_object)
        if move.outside:
            value = next((data[name] for name in move.outside if name in data), None)
        found.update(dict.fromkeys(move.variables, value))
    return found


def write(m: Machine, token: Token) -> None:
    """Data associations take something out of an activity or event."""
    data = dict(token.data)
    for move in token.node.outputs:
        variable = next((name for name in move.variables if name in data), None)
        if variable is None:
            names = "、".join(move.variables)
            raise Stuck(token.node.id, f"没有要存进数据对象的变量“{names}”", f"no variable {names} for a data object")
        if move.outside:
            data[move.outside[0]] = data[variable]
        else:
            keep(token, move.data_object, data[variable])
        if move.temporary:
            del data[variable]
    m.set_data(token, without_copies(token.node, data))


def without_copies(node: Node, data: Data) -> Data:
    """The variables that leave an activity: not those that bear the name of a data object it has read, which are the object's alone."""
    copies = {move.data_object for move in node.inputs if move.temporary} & data.keys()
    return {name: value for name, value in data.items() if name not in copies} if copies else data


def keep(token: Token, data_object: str, value: Any) -> None:
    """Put a value into a data object of the running scope that declares it."""
    scope = token.scope
    while data_object not in scope.plan.data_objects and scope.owner is not None:
        scope = scope.owner.scope
    scope.objects = {**scope.objects, data_object: value}

"""Item definitions: which values conform, and the conversions DMN makes for those that do not (10.3.2.9.4)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from processes.notation.decisions.reader import Element, child, children, name_of, text_of, type_of
from processes.notation.feel.conformance import ANY, kind_named
from processes.notation.feel.expression import UnaryTests
from processes.notation.feel.scope import Run, Scope
from processes.notation.feel.temporal import parse_date, parse_date_time, parse_duration, parse_time
from processes.notation.feel.values import DATE, DATE_TIME, DAYS_TIME, TIME, YEARS_MONTHS, Function, kind_of

_PARSERS: dict[str, Callable[[str], Any]] = {
    DATE: parse_date,
    TIME: parse_time,
    DATE_TIME: parse_date_time,
    DAYS_TIME: parse_duration,
    YEARS_MONTHS: parse_duration,
}
_Compile = Callable[[str, Element], UnaryTests | None]


def from_json(value: Any, type_name: str | None) -> Any:
    """JSON has no dates: a string where a temporal type is declared is read as one, if it is one."""
    parse = _PARSERS.get(kind_named(type_name) or "") if type_name and isinstance(value, str) else None
    parsed = parse(value) if parse else None
    return value if parsed is None else parsed


class ItemTypes:
    """The item definitions of a model by name; those of imported models under ``prefix.name``."""

    def __init__(self, root: Element, compile_tests: _Compile, imported: Mapping[str, ItemTypes]) -> None:
        self._imported = imported
        self._definitions = {
            name_of(element): _Definition(element, compile_tests) for element in children(root, "itemDefinition")
        }

    def allowed_values(self, type_name: str | None) -> str:
        """The text of a type's allowed values; empty when it has none."""
        definition = self._definitions.get(type_name or "")
        return definition.allowed_text if definition else ""

    def is_defined(self, type_name: str) -> bool:
        """Whether the name is one of FEEL's or of an item definition here."""
        return type_name in self._definitions or type_name == ANY or kind_named(type_name) is not None

    def converted(self, value: Any, type_name: str | None, run: Run) -> Any:
        """The value if it conforms; else out of or into a list of one, or a date as its midnight; else null."""
        if not type_name or value is None:
            return value
        wanted = type_name.rpartition(":")[2]
        if self.conforms(value, wanted, run):
            return value
        if isinstance(value, list) and len(value) == 1 and self.conforms(value[0], wanted, run):
            return value[0]
        if self.conforms([value], wanted, run):
            return [value]
        if kind_of(value) == DATE and kind_named(wanted) == DATE_TIME:
            return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
        return None

    def is_defined_as(self, value: Any, type_name: str, run: Run) -> bool:
        """Whether the type is an item definition and the value conforms to it, whatever values it allows."""
        prefix, _, rest = type_name.partition(".")
        if prefix in self._imported:
            return self._imported[prefix].is_defined_as(value, rest, run)
        definition = self._definitions.get(type_name)
        return definition is not None and definition.conforms(value, self, run, allowed_only=False)

    def conforms(self, value: Any, type_name: str, run: Run) -> bool:
        """Whether the value is of the type; null is of every type, and everything is of an unknown type."""
        if value is None:
            return True
        definition = self._definitions.get(type_name)
        if definition is not None:
            return definition.conforms(value, self, run)
        kind = kind_named(type_name)
        if kind is not None:
            return kind_of(value) == kind
        prefix, _, rest = type_name.partition(".")
        if prefix in self._imported:
            return self._imported[prefix].conforms(value, rest, run)
        return True


class _Definition:
    """An item definition or one of its components."""

    def __init__(self, element: Element, compile_tests: _Compile) -> None:
        self.name = name_of(element)
        self._is_collection = element.get("isCollection") == "true"
        self._is_function = child(element, "functionItem") is not None
        self._components = [_Definition(component, compile_tests) for component in children(element, "itemComponent")]
        self._type = type_of(element)
        allowed = child(element, "allowedValues")
        self.allowed_text = text_of(allowed)
        self._allowed = compile_tests(self.allowed_text, element) if self.allowed_text else None

    def conforms(self, value: Any, types: ItemTypes, run: Run, allowed_only: bool = True) -> bool:
        if value is None:
            return True
        if not self._is_collection:
            return self._item_conforms(value, types, run, allowed_only)
        return isinstance(value, list) and all(self._item_conforms(item, types, run, allowed_only) for item in value)

    def _item_conforms(self, value: Any, types: ItemTypes, run: Run, allowed_only: bool) -> bool:
        run.budget.spend()
        if value is None:
            return True
        if self._is_function:
            return isinstance(value, Function)
        if self._components:
            return isinstance(value, dict) and all(
                component.name in value and component.conforms(value[component.name], types, run, allowed_only)
                for component in self._components
            )
        if self._type and not types.conforms(value, self._type.rpartition(":")[2], run):
            return False
        if self._allowed is None or not allowed_only:
            return True
        return self._allowed.code(Scope({}, None, run), value) is not False

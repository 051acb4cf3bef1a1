"""The types that decisions name: FEEL's own, or item definitions of the file or of one that it imports."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from processes.notation.check.findings import WARNING, Both, Finding, Rule
from processes.notation.diagram import Element, Item, local
from processes.notation.feel.conformance import ANY, kind_named

UNKNOWN_TYPE = Rule(
    "dmn-type", WARNING,
    "{it}的类型“{type}”既不是 FEEL 的类型，文件里也没有这个类型定义{hint}：值不会按它转换或检查。",
    "The type {type} of {it} is neither FEEL's nor an item definition of the file{hint}: values are neither converted nor checked by it.",
    "写 number、string、boolean、date、time、date and time 等，或补上类型定义（itemDefinition）。",
    "Write number, string, boolean, date, time, date and time…, or add the item definition.",
)  # fmt: skip

# What FEEL has beside the kinds of values, and the names of other makers' engines, which mean the same.
OTHERS = frozenset(
    {
        ANY, "Null", "list", "context", "function", "range", "dateTime", "dayTimeDuration", "yearMonthDuration", "date and time",
        "days and time duration", "years and months duration", "integer", "long", "double", "float", "int", "short", "byte",
    }
)  # fmt: skip


def types(file: str, root: Element) -> Iterator[Finding]:
    """Every ``typeRef`` means a type; what stands in an imported model is not looked for."""
    defined = {(each.get("name") or "").strip() for each in root.iter("{*}itemDefinition")}
    prefixes = {(each.get("name") or "").strip() for each in root if local(each) == "import"}
    told: set[str] = set()
    for element in root.iter("{*}*"):
        if local(element) == "typeRef":
            name, holder = (element.text or "").strip(), element.getparent()
        else:
            name, holder = (element.get("typeRef") or "").strip(), element
        own = name.rpartition(":")[2]
        if not name or own in told or _is_known(own, defined, prefixes):
            continue
        told.add(own)
        place = next((each for each in _around(holder) if each.get("id")), root)
        close = difflib.get_close_matches(
            own[:60], [*defined, *OTHERS, "number", "string", "boolean"], n=1, cutoff=0.75
        )
        hint = Both(f"（是不是“{close[0]}”？）", f" (did you mean {close[0]}?)") if close else Both("", "")
        yield UNKNOWN_TYPE.at(Item(file, place), type=own[:60], hint=hint)


def _is_known(name: str, defined: set[str], prefixes: set[str]) -> bool:
    return (
        name in defined
        or name in OTHERS
        or kind_named(name) is not None
        or "<" in name
        or name.partition(".")[0] in prefixes
    )


def _around(element: Element | None) -> Iterator[Element]:
    while element is not None:
        yield element
        element = element.getparent()

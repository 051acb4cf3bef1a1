"""A scenario as rows that can be read and typed in: given, when, then. Everything else of the file stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from gateway.studio.step_words import Words
from processes.casework.draft_scenarios import NotAValue
from processes.casework.views.models import USER_TASK, Models

Data = dict[str, Any]
Path = tuple[str | int, ...]

PREFIX = "v:"
"""what the names of fields begin with that hold a value"""

BETWEEN = ", "
"""between the entries of a list of words"""

_COMMAS = r"[\n,\u3001\uff0c]"
"""what may be typed there"""

BROUGHT = ("form", "result", "payload", "variables", "where")
"""what of a step holds values by name"""

ALIKE = ("variables", "record", "deadlines")
"""what of ``then`` holds values by name"""


@dataclass(frozen=True)
class Row:
    """A value. ``path``: where in the file it stands; ``options``: what it can be, code → words; ``note``: its words, when it is of ids."""

    path: str
    title: str
    value: str
    long: bool
    options: Mapping[str, str] | None = None
    note: str = ""
    removable: bool = True


@dataclass(frozen=True)
class Part:
    """A step, or what must be so at a moment: ``groups`` are paths at which another value can be added."""

    path: str
    title: str
    rows: Sequence[Row]
    groups: Sequence[str] = ()


# -- what is shown ---------------------------------------------------------------------------------------------------------


def given(data: Mapping[str, Any]) -> Part:
    """The situation at the beginning."""
    said = data.get("given", {})
    titles = {"time": _("开始的时间"), "place": _("在哪个地方办理（代码）"), "reference": _("基础数据")}
    rows = [_row(("given", name), titles[name], said[name]) for name in titles if name in said]
    start = said.get("start", {})
    kinds = {"message": _("由消息开始"), "signal": _("由信号开始"), "timer": _("由定时开始")}
    rows += [
        _row(("given", "start", name), kinds[name], start[name], removable=False) for name in kinds if name in start
    ]
    rows += _named(("given", "start", "payload"), start.get("payload", {}))
    rows += _named(("given", "variables"), said.get("variables", {}))
    answers = said.get("answers", {})
    rows += [
        _row(("given", "answers", name), _("自动答复 %(name)s", name=name), value) for name, value in answers.items()
    ]
    return Part("given", _("假设"), rows, ("given/variables",))


def when(data: Mapping[str, Any], words: Words) -> Sequence[Part]:
    """What happens, step by step."""
    return [_step(("when", at), step, words) for at, step in enumerate(data.get("when", ()))]


def _step(at: Path, step: Mapping[str, Any], words: Words) -> Part:
    if "then" in step:
        return then(step["then"], "/".join(map(str, (*at, "then"))), words)
    titles = {
        "wait": _("过多久"), "until": _("到什么时候"), "key": _("关联键"), "error": _("业务错误的代码"), "failure": _("没有办成的原因"),
        "cancel": _("理由"), "message": _("消息"), "signal": _("信号"),
    }  # fmt: skip
    rows = [_row((*at, name), titles[name], step[name], removable=name == "key") for name in titles if name in step]
    for group in BROUGHT:
        brought = step.get(group)
        if isinstance(brought, Mapping):
            rows += [_shown((*at, group, name), value, step, words) for name, value in brought.items()]
        elif group in step:
            rows.append(_row((*at, group), _("结果"), brought))
    groups = [f"{_joined(at)}/{name}" for name in ("form", "result", "payload") if isinstance(step.get(name), Mapping)]
    if not groups and "task" in step:
        groups = [f"{_joined(at)}/form"]
    return Part(_joined(at), words.words(step), rows, groups)


def _shown(path: Path, value: Any, step: Mapping[str, Any], words: Words) -> Row:
    title, shown = words.field(step, str(path[-1]), value)
    row = _row(path, title if path[-2] != "where" else _("哪一个：%(name)s", name=path[-1]), value)
    return Row(
        row.path,
        row.title,
        row.value,
        row.long,
        note=shown if shown not in (row.value, str(value)) and isinstance(value, str) else "",
    )


def then(said: Mapping[str, Any], at: str, words: Words) -> Part:
    """What must be so, at the end or at a moment."""
    path = _path(at)
    titles = titles_of_then()
    rows = []
    for name, value in said.items():
        if name in ALIKE and isinstance(value, Mapping):
            rows += [
                _row((*path, name, key), f"{titles[name]} {_element(name, key, words)}", each)
                for key, each in value.items()
            ]
        elif name == "state":
            rows.append(Row(f"{at}/state", titles[name], str(value), False, states()))
        else:
            note = " → ".join(map(words.name, value)) if _is_words(value) else ""
            row = _row((*path, name), titles.get(name, name), value)
            rows.append(Row(row.path, row.title, row.value, row.long, note=note))
    return Part(at, _("那么") if at == "then" else _("此刻应当"), rows)


def titles_of_then() -> Mapping[str, str]:
    """What can be said of a moment."""
    return {
        "state": _("流程"), "path": _("依次经过"), "passed": _("经过"), "not_passed": _("没有经过"), "variables": _("变量"),
        "tasks": _("待办"), "deadlines": _("期限"), "jobs": _("请外部系统办过"), "messages": _("发过消息"), "stage": _("阶段"),
        "status": _("进展"), "record": _("记录"), "incidents": _("异常在"),
    }  # fmt: skip


def states() -> Mapping[str, str]:
    """What can have become of a case."""
    return {"active": _("正在走"), "suspended": _("已暂停"), "completed": _("走到头了"), "cancelled": _("已终止")}


def _element(name: str, key: str, words: Words) -> str:
    return words.name(key) if name == "deadlines" else key


def offered(known: Sequence[Models]) -> Mapping[str, str]:
    """The steps that can be added: value → words."""
    found: dict[str, str] = {}
    words = Words(known)
    for models in known:
        for drawing in models.drawings.values():
            for element, tag in drawing.tags.items():
                if tag == USER_TASK:
                    found[f"task:{element}"] = words.words({"task": element})
                for kind, name in drawing.waits.get(element, ()):
                    value = f"job:{element}" if kind == "job" else f"message:{name}"
                    found.setdefault(value, words.words({"job": element} if kind == "job" else {"message": name}))
    times = {"wait:PT1H": words.words({"wait": "PT1H"}), "wait:P1D": words.words({"wait": "P1D"})}
    return {**times, "then:": words.words({"then": {}}), **found}


def expectable(data: Mapping[str, Any]) -> Mapping[str, str]:
    """What can be said of the end besides what is said."""
    simple = {"path": "", "passed": "", "not_passed": "", "tasks": "", "stage": "", "status": "", "incidents": ""}
    titles = titles_of_then()
    said = data.get("then", {})
    values = {name: titles[name] for name in ("state", *simple) if name not in said}
    return {**values, "variables": titles["variables"], "record": titles["record"]}


def _named(path: Path, values: Any) -> list[Row]:
    return [_row((*path, name), name, value) for name, value in values.items()] if isinstance(values, Mapping) else []


def _row(path: Path, title: str, value: Any, *, removable: bool = True) -> Row:
    text = _text(value)
    return Row(_joined(path), title, text, len(text) > 40 or "\n" in text, removable=removable)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if _is_words(value):
        return BETWEEN.join(value)
    return json.dumps(value, ensure_ascii=False)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and not re.search(_COMMAS, each) for each in value)


def _joined(path: Path) -> str:
    return "/".join(str(each).replace("~", "~0").replace("/", "~1") for each in path)


def _path(text: str) -> Path:
    parts = (each.replace("~1", "/").replace("~0", "~") for each in text.split("/"))
    return tuple(int(each) if each.isdecimal() and at == 1 else each for at, each in enumerate(parts))


# -- what is typed ---------------------------------------------------------------------------------------------------------


def edited(data: Mapping[str, Any], form: Mapping[str, str]) -> Data:
    """The file with what was typed into the table. Raises :class:`NotAValue`."""
    changed = deepcopy(dict(data))
    for name in ("name", "about"):
        if name in form:
            changed[name] = " ".join(form[name].split())
    for field, typed in form.items():
        if field.startswith(PREFIX):
            path = _path(field.removeprefix(PREFIX))
            holder = _holder(changed, path)
            if holder is not None and path[-1] in holder:
                holder[path[-1]] = _value(holder[path[-1]], typed.replace("\r\n", "\n"), str(path[-1]))
    return changed


def acted(data: Data, act: str, form: Mapping[str, str]) -> Data:
    """The file after a button was pressed: ``drop:PATH``, ``copy:PATH``, ``up:PATH``, ``step``, ``expect``, ``add:PATH``."""
    kind, _colon, rest = act.partition(":")
    if kind == "step":
        data.setdefault("when", []).append(_fresh(form.get("new-step", "")))
    elif kind == "expect":
        _expect(
            data.setdefault("then", {}), form.get("new-then", ""), form.get("then-name", ""), form.get("then-value", "")
        )
    elif kind == "add":
        _add(data, _path(rest), form.get(f"name:{rest}", "").strip(), form.get(f"value:{rest}", ""))
    elif kind in ("drop", "copy", "up"):
        _moved(data, kind, _path(rest))
    return data


def anchor(act: str) -> str | None:
    """Where on the page what a button did is to be seen."""
    kind, _colon, rest = act.partition(":")
    return (
        {"step": "when", "expect": "then"}.get(kind, rest.split("/")[0] or None)
        if kind not in ("save", "text")
        else None
    )


def _moved(data: Data, kind: str, path: Path) -> None:
    holder = _holder(data, path)
    if isinstance(holder, dict) and kind == "drop":
        holder.pop(str(path[-1]), None)
    elif isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder):
        at = path[-1]
        if kind == "drop":
            del holder[at]
        elif kind == "copy":
            holder.insert(at + 1, deepcopy(holder[at]))
        elif at:
            holder[at - 1], holder[at] = holder[at], holder[at - 1]


def _add(data: Data, path: Path, name: str, typed: str) -> None:
    outer = _holder(data, path)
    if name and isinstance(outer, dict):
        group = outer.setdefault(str(path[-1]), {})
        if isinstance(group, dict):
            group[name] = _guessed(typed)


def _expect(said: Data, kind: str, name: str, typed: str) -> None:
    if kind in ("variables", "record"):
        if name.strip():
            said.setdefault(kind, {})[name.strip()] = _guessed(typed)
    elif kind in ("path", "passed", "not_passed", "incidents"):
        said[kind] = _words(typed or name)
    elif kind == "tasks":
        said[kind] = [{"task": each} for each in _words(typed or name)]
    elif kind in ("stage", "status", "state"):
        said[kind] = (typed or name).strip()


def _fresh(value: str) -> Data:
    kind, _colon, name = value.partition(":")
    if kind == "task":
        return {"task": name, "form": {}}
    if kind == "job":
        return {"job": name, "result": {}}
    if kind == "message":
        return {"message": name, "payload": {}}
    if kind == "then":
        return {"then": {"tasks": []}}
    return {"wait": name or "P1D"}


def _holder(data: Any, path: Path) -> Any:
    """What holds the value at a path; None when there is none."""
    for each in path[:-1]:
        try:
            data = data[each]
        except (KeyError, IndexError, TypeError):
            return None
    return data if isinstance(data, (dict, list)) else None


def _value(before: Any, typed: str, name: str) -> Any:
    if isinstance(before, str):
        return typed
    if _is_words(before) and not typed.lstrip().startswith("["):
        return _words(typed)
    try:
        return json.loads(typed)
    except (ValueError, RecursionError) as error:
        raise NotAValue(name) from error


def _words(typed: str) -> Sequence[str]:
    return [each.strip() for each in re.split(_COMMAS, typed) if each.strip()]


def _guessed(typed: str) -> Any:
    """A new value: JSON where it is some, else words."""
    try:
        return json.loads(typed)
    except (ValueError, RecursionError):
        return typed

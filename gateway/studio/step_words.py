"""A scenario's steps in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _

from gateway import text
from gateway.languages import translated
from gateway.studio.waits import contract_of
from processes.casework.views.models import Models
from processes.kernel.timers import add_duration
from processes.messaging.jobs import CATALOGUE
from processes.messaging.schema import describe
from processes.scenarios.files import moment

_SOME_DAY = datetime(2026, 1, 5, tzinfo=UTC)


class Words:
    """What steps are called by the names of some models."""

    def __init__(self, known: Sequence[Models]) -> None:
        self._known = known

    def name(self, element: str) -> str:
        """What an element is called, by its id or its process and id."""
        last = element.rpartition("/")[2]
        return next((found for each in self._known if (found := each.name(last))), last)

    def words(self, step: Mapping[str, Any]) -> str:
        """What happens in a step, in a line."""
        if "task" in step:
            return _("办完“%(name)s”", name=self.name(step["task"]))
        if "job" in step:
            return _answered(step, self.name(step["job"]))
        if "message" in step:
            contract = contract_of(step["message"])
            return _("收到消息“%(name)s”", name=translated(contract.title) if contract else step["message"])
        if "signal" in step:
            return _("收到信号“%(name)s”", name=step["signal"])
        if "wait" in step:
            return _("过了%(time)s", time=text.lasting(add_duration(_SOME_DAY, step["wait"]) - _SOME_DAY))
        if "until" in step:
            return _("到了%(at)s", at=text.moment(moment(step["until"])))
        if "cancel" in step:
            return _("运维人员终止流程：%(reason)s", reason=step["cancel"])
        return _("此刻应当")

    def said(self, step: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """What a step brings, as lines of name and value."""
        brought: Any = next((step[each] for each in ("form", "result", "payload") if each in step), {})
        if not isinstance(brought, Mapping):
            return [(_("结果"), text_of(brought))]
        return [self.field(step, name, value) for name, value in brought.items()]

    def field(self, step: Mapping[str, Any], name: str, value: Any) -> tuple[str, str]:
        """What a field of what a step brings is called, and its value."""
        if "task" in step:
            return self._of_form(name, value)
        return self._described(step).get(name, name), text_of(value)

    def _of_form(self, name: str, value: Any) -> tuple[str, str]:
        fields = [
            form["properties"][name]
            for known in self._known
            for form in known.forms.values()
            if name in form.get("properties", {})
        ]
        for field in fields:
            for option in field.get("oneOf", ()):
                if option.get("const") == value:
                    return str(field.get("title", name)), str(option.get("title", value))
        return (str(fields[0].get("title", name)) if fields else name), text_of(value)

    def _described(self, step: Mapping[str, Any]) -> Mapping[str, str]:
        contract = contract_of(step["message"]) if "message" in step else None
        schema = contract.schema if contract else None
        if "job" in step:
            element = step["job"].rpartition("/")[2]
            topics = [topic for each in self._known for kind, topic in each.waits(element) if kind == "job"]
            schema = next((CATALOGUE[each].result for each in topics if each in CATALOGUE), None)
        return {each.name: translated(each.title) for each in describe(schema)} if schema else {}


def _answered(step: Mapping[str, Any], name: str) -> str:
    if "error" in step:
        return _("“%(name)s”答复：业务错误 %(code)s", name=name, code=step["error"])
    if "failure" not in step:
        return _("“%(name)s”答复：办成了", name=name)
    if step.get("final"):
        return _("“%(name)s”没有办成，不再试：%(reason)s", name=name, reason=step["failure"])
    return _("“%(name)s”没有办成：%(reason)s", name=name, reason=step["failure"])


def text_of(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return _("没有")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        return _("、").join(map(text_of, value))
    if isinstance(value, Mapping):
        return _("；").join(f"{name} {text_of(each)}" for name, each in value.items())
    return str(value)

"""流程实例 for programs: finding them, looking, and putting a hand in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.context import services
from gateway.instances.acting import LONGEST_NAME, LONGEST_REASON, checked, perform, question_of, require
from gateway.instances.acts import ACTS, Given, Mistake
from gateway.instances.detail import looked_at
from gateway.instances.pages import allowed, found
from gateway.instances.search import position
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.shapes import (
    DoneShape,
    Named,
    Shape,
    anything,
    chosen,
    many,
    moment,
    named,
    on_day,
    said,
    string,
    whole,
    word,
)
from gateway.rest.tags import INSTANCES
from gateway.staff.pages import snapshot
from processes.casework.views.instances import detail as view
from processes.casework.views.instances import search as finder
from processes.casework.views.instances.criteria import LONGEST, STATES, Criteria


class Search(Shape):
    """What is searched for."""

    text = said(_l("问题编号、业务编号，或者实例、任务、作业的 id"), most=LONGEST)
    process = said(_l("流程的 id"), most=LONGEST)
    version = said(_l("版本的开头"), most=LONGEST)
    state = chosen((*STATES, ""), _l("状态"), "")
    place = said(_l("地区的代码，含下级"), most=LONGEST)
    since = on_day(_l("哪天起启动"))
    until = on_day(_l("到哪天为止启动"))
    element = said(_l("停在哪一步"), most=LONGEST)
    message = said(_l("等哪个消息"), most=LONGEST)
    topic = said(_l("等哪个主题的作业"), most=LONGEST)
    trouble = said(_l("异常原因里的字"), most=LONGEST)


class InstancesQuery(Search):
    """What is searched for, and from where on."""

    after = said(_l("上一页的 next"), most=400)


class InstanceLineShape(Shape):
    """An instance as a row of a list. ``at``: the steps where something is waited for; ``incidents``: how many are open."""

    id = string()
    number = string()
    key = string()
    process_id = string()
    process = string()
    version = string()
    place = string()
    status = string()
    created_at = moment(none=False)
    ended_at = moment()
    at = many(word())
    incidents = whole()


class InstancesShape(Shape):
    """A page. ``next``: from where the next one goes on; empty when there is nothing left."""

    instances = many(InstanceLineShape)
    next = string()


def criteria_of(given: Mapping[str, Any]) -> Criteria:
    """What is searched for."""
    return Criteria.of(
        {name: value.isoformat() if name in ("since", "until") and value else value for name, value in given.items()}
    )


@operation("GET", "/instances", tag=INSTANCES, summary=_l("查找流程实例"), query=InstancesQuery, answer=InstancesShape)
def instances(given: Mapping[str, Any]) -> Any:
    """A page of what is asked for; the newest when nothing is."""
    after = position(given["after"])
    if given["after"] and after is None:
        raise Unfit.at("query.after", _l("应是上一页的 next"))
    with services().database.read() as connection:
        page = finder.find(connection, snapshot().reference, criteria_of(given), allowed(), after)
    return {"instances": page.lines, "next": json.dumps(page.position) if page.position else ""}


class PlaceShape(Shape):
    """A token. ``waits``: kinds of what it waits for; ``depth``: in how many activities it is."""

    id = string()
    element_id = string()
    name = string()
    tag = string()
    process = string()
    state = string()
    waits = many(word())
    depth = whole()


class ValueShape(Shape):
    """A variable. ``text``: its JSON, empty when it is long."""

    name = string()
    kind = string()
    text = string()
    size = whole()


class TimerShape(Shape):
    """A timer."""

    task_id = string()
    element_id = string()
    due_at = moment(none=False)


class SubscriptionShape(Shape):
    """A message that is waited for."""

    task_id = string()
    element_id = string()
    message = string()


class JobShape(Shape):
    """A job for an external system."""

    id = string()
    element_id = string()
    topic = string()
    state = string()
    attempts = whole()
    created_at = moment(none=False)


class TroubleOfInstance(Shape):
    """Something that could not be done."""

    id = string()
    kind = string()
    element_id = string(allow_none=True)
    detail = string()
    created_at = moment(none=False)
    resolved_at = moment()


class CommandShape(Shape):
    """A command that it has had."""

    seq = whole()
    at = moment(none=False)
    kind = string()
    actor = string(allow_none=True)


class InstanceShape(Shape):
    """Where it stands."""

    id = string()
    number = string(allow_none=True)
    key = string(allow_none=True)
    process_id = string()
    process = string()
    version = string()
    place = string()
    status = string()
    created_at = moment(none=False)
    ended_at = moment()
    tokens = many(PlaceShape)
    variables = many(ValueShape)
    timers = many(TimerShape)
    subscriptions = many(SubscriptionShape)
    jobs = many(JobShape)
    incidents = many(TroubleOfInstance)
    history = many(CommandShape)


@operation("GET", "/instances/<instance_id>", tag=INSTANCES, summary=_l("一个流程实例"), answer=InstanceShape)
def instance(instance_id: str) -> Any:
    """Where it stands and what it has had."""
    with services().database.read() as connection:
        page = looked_at(connection, instance_id)
    own = ("id", "number", "key", "process_id", "status", "created_at", "ended_at")
    lists = ("timers", "subscriptions", "jobs", "incidents", "variables", "process", "place")
    return {
        **{name: getattr(page.row, name) for name in own},
        **{name: getattr(page, name) for name in lists},
        "version": page.row.definition_id[:8],
        "tokens": page.places,
        "history": page.entries,
    }


class StepShape(Shape):
    """An element that the command ran through, and what happened to it."""

    element = string()
    process = string()
    what = string()


class EntryShape(CommandShape):
    """A command with what it was given, and what it ran through."""

    input = anything()
    steps = many(StepShape)


@operation(
    "GET", "/instances/<instance_id>/history/<int:seq>", tag=INSTANCES, summary=_l("一条办理记录"), answer=EntryShape
)
def instance_entry(instance_id: str, seq: int) -> Any:
    """One of its commands."""
    with services().database.read() as connection:
        found(connection, instance_id)
        entry = view.entry(connection, instance_id, seq)
    if entry is None:
        abort(404)
    steps = [{"element": step[0], "process": step[1], "what": step[2]} for step in entry.steps]
    own = ("seq", "at", "kind", "actor", "input")
    return {**{name: getattr(entry, name) for name in own}, "steps": steps}


class WholeValue(Shape):
    """A variable whole."""

    name = string()
    value = anything()


@operation("GET", "/instances/<instance_id>/variables/<name>", tag=INSTANCES, summary=_l("一个变量"), answer=WholeValue)
def instance_variable(instance_id: str, name: str) -> Any:
    """The whole value of a variable."""
    with services().database.read() as connection:
        found(connection, instance_id)
        running = services().engine.look(connection, instance_id)
    if running is None or name not in running.data:
        abort(404)
    return {"name": name, "value": running.data[name]}


class AtQuery(Shape):
    """Where."""

    at = said(_l("哪个令牌、定时器、作业、异常或变量"), most=LONGEST_NAME)


class QuestionShape(Shape):
    """What is asked beside the reason (json, target, due or name), and what follows. ``what``: the step, timer or variable in hand; ``value``:
    what stands there now; ``targets``: steps to which it can be moved."""

    title = string()
    then = string()
    what = string()
    asks = many(word())
    value = string()
    targets = many(Named)


ACT = "<any(" + ", ".join(f'"{each}"' for each in ACTS) + "):act>"


@operation(
    "GET",
    f"/instances/<instance_id>/acts/{ACT}",
    tag=INSTANCES,
    summary=_l("处理前要说明什么"),
    query=AtQuery,
    answer=QuestionShape,
)
def act_asks(given: Mapping[str, Any], instance_id: str, act: str) -> Any:
    """What an act asks for, and what follows."""
    question = question_of(instance_id, act, given["at"])
    return {**vars(question), "targets": named((each.id, each.name or each.id) for each in question.targets)}


EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Acting(Shape):
    """What exactly, and why. Which of these an act needs: skip, retry and pass ``json``; move ``target``; set ``name`` and ``json``; due ``due``."""

    reason = said(_l("原因，留在办理记录里"), most=LONGEST_REASON, least=1, required=True)
    at = said(_l("哪个令牌、定时器、作业、异常或变量"), most=LONGEST_NAME)
    json = fields.Raw(load_default=dict, allow_none=True, metadata={"description": _l("带进去的值")})
    target = said(_l("移到哪一步"), most=120)
    due = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=EARLIEST, max=LATEST, error="Not a valid datetime."),
        metadata={"description": _l("改到什么时候")},
    )
    name = said(_l("变量名"), most=LONGEST_NAME)


@operation(
    "POST",
    f"/instances/<instance_id>/acts/{ACT}",
    tag=INSTANCES,
    summary=_l("处理一个流程实例"),
    body=Acting,
    answer=DoneShape,
)
def act_on_instance(given: Mapping[str, Any], instance_id: str, act: str) -> Any:
    """Put a hand in, always with a reason."""
    require(instance_id, act)
    asked = Given(
        f"op:{command()}",
        instance_id,
        given["at"],
        given["reason"],
        given["json"],
        given["target"],
        given["due"],
        given["name"],
    )
    try:
        return perform(act, checked(act, asked))
    except Mistake as mistake:
        raise Unfit.at("body", mistake.args[0]) from mistake

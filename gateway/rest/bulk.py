"""批量处理 for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.context import services
from gateway.instances.acts import Mistake
from gateway.instances.many import LONGEST_REASON, begun, stopped
from gateway.instances.pages import OPERATE, places
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.instances import Search, criteria_of
from gateway.rest.shapes import ID, Shape, chosen, many, moment, said, string, table, whole
from gateway.rest.tags import INSTANCES
from gateway.staff.pages import viewer
from processes.casework import bulk
from processes.casework.views.instances import operations as view


class Beginning(Shape):
    """What is to be done, why, and in which: those that a search finds, or those that are named."""

    act = chosen(bulk.ACTS, _l("重试或不再重试异常、暂停、恢复、取消、移动"))
    reason = said(_l("原因，留在办理记录里"), most=LONGEST_REASON, least=1, required=True)
    criteria = fields.Nested(Search, load_default=None, allow_none=True)
    instances = fields.List(
        fields.String(validate=validate.Length(max=ID)),
        load_default=list,
        validate=validate.Length(max=bulk.MOST_CHOSEN),
        metadata={"description": _l("流程实例的 id")},
    )
    element = said(_l("移动：现在停在哪一步"), most=120)
    target = said(_l("移动：移到哪一步"), most=120)


class OperationShape(Shape):
    """How far it is."""

    id = string()
    act = string()
    state = string()
    reason = string()
    actor = string()
    total = whole()
    done = whole()
    failed = whole()
    created_at = moment(none=False)
    ended_at = moment()


class OperationsShape(Shape):
    """The latest first."""

    operations = many(OperationShape)


class ItemShape(Shape):
    """An instance of it. ``result``: what was in the way, in both languages."""

    instance_id = string()
    number = string(allow_none=True)
    state = string()
    result = table()


class WholeOperation(OperationShape):
    """How far it is, and what became of each."""

    items = many(ItemShape)


class ItemsQuery(Shape):
    """Which of its instances."""

    state = chosen(("open", "done", "failed"), _l("还没有办、办成、没有办成的"), "failed")


@operation("GET", "/bulk", tag=INSTANCES, summary=_l("本人的批量处理"), answer=OperationsShape)
def bulk_list() -> Any:
    """What the person has had done to many."""
    with services().database.read() as connection:
        return {"operations": view.of_person(connection, viewer().id)}


@operation("POST", "/bulk", tag=INSTANCES, summary=_l("批量处理"), body=Beginning, answer=OperationShape, status=201)
def bulk_begin(given: Mapping[str, Any]) -> Any:
    """Let it be done; how far it is, is asked for."""
    criteria = criteria_of(given["criteria"]) if given["criteria"] else None
    criteria = None if criteria is None or criteria.is_empty else criteria
    said = {"element": given["element"], "target": given["target"]}
    try:
        identity = begun(given["act"], given["reason"], criteria, given["instances"], said)
    except Mistake as mistake:
        raise Unfit.at("body", mistake.args[0]) from mistake
    with services().database.read() as connection:
        return view.one(connection, identity, places(OPERATE))


@operation(
    "GET", "/bulk/<operation_id>", tag=INSTANCES, summary=_l("办到哪里"), query=ItemsQuery, answer=WholeOperation
)
def bulk_show(given: Mapping[str, Any], operation_id: str) -> Any:
    """How far it is, and what became of each."""
    with services().database.read() as connection:
        row = view.one(connection, operation_id, places(OPERATE))
        if row is None:
            abort(404)
        items = view.items(connection, operation_id, given["state"])
    return {**row._mapping, "items": [{**each._mapping, "result": each.result or {}} for each in items]}


@operation("POST", "/bulk/<operation_id>/stop", tag=INSTANCES, summary=_l("停止"), status=204)
def bulk_stop(operation_id: str) -> Any:
    """Leave the rest as it is."""
    stopped(operation_id)
    return "", 204

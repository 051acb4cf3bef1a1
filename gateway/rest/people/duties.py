"""职责管理 for programs of the system administrator's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_babel import lazy_gettext as _l

from gateway.accounts import giving
from gateway.accounts.reach import duty_line, named, search
from gateway.rest.blueprint import operation
from gateway.rest.people.shapes import PeopleQuery, at_fields
from gateway.rest.shapes import Named, Shape, many, said, string, yes
from gateway.rest.shapes import named as with_names
from gateway.rest.tags import DUTIES
from gateway.staff.pages import snapshot
from processes.casework import records

FIELDS = {"id": "account", "name": "name", "role": "role", "place": "place", "organisation": "organisation"}
"""columns of people and duties → how the fields are called here"""


class DutyShape(Shape):
    """What somebody does where; ``words`` says it."""

    role = string()
    place = string()
    organisation = string(allow_none=True)
    words = string()


class HolderShape(Shape):
    """Somebody with his or her duties."""

    id = string(_l("账号"))
    name = string(_l("姓名"))
    active = yes()
    duties = many(DutyShape)


class HoldersShape(Shape):
    """A page, by account. ``next``: from where the next one goes on; empty when there is nothing left."""

    people = many(HolderShape)
    next = string()


class GivenDuty(Shape):
    """A duty."""

    role = said(_l("角色的代码"), least=1, required=True)
    place = said(_l("地区的代码"), least=1, required=True)
    organisation = said(_l("机构的 id；空：没有"), most=120)


class Newcomer(GivenDuty):
    """Somebody new, and the first duty."""

    account = said(_l("账号"), least=1, required=True)
    name = said(_l("姓名"), least=1, required=True)


class OrganisationShape(Named):
    """An organisation of a place."""

    place = string()


class DutyChoicesShape(Shape):
    """What a duty can be made of."""

    roles = many(Named)
    places = many(Named)
    organisations = many(OrganisationShape)


@operation("GET", "/people", tag=DUTIES, summary=_l("查找人员和职责"), query=PeopleQuery, answer=HoldersShape)
def people(given: Mapping[str, Any]) -> Any:
    """A page of the people whose duties the person gives."""
    found, more = search(giving.PAGE, given["q"].strip(), given["after"])
    return {"people": [_holder(each) for each in found], "next": found[-1].id if more else ""}


@operation(
    "POST",
    "/people",
    tag=DUTIES,
    summary=_l("新建账号"),
    description=_l("新账号还没有密码：由安全管理员给出。"),
    body=Newcomer,
    answer=HolderShape,
    status=201,
)
def enrol(given: Mapping[str, Any]) -> Any:
    """Make an account, with its first duty."""
    person = records.Person(given["account"].strip(), given["name"].strip(), active=True)
    with at_fields(FIELDS):
        giving.enrol(person, _duty(person.id, given))
    return _holder(named(giving.PAGE, person.id))


@operation("GET", "/people/<person>", tag=DUTIES, summary=_l("某人的职责"), answer=HolderShape)
def duties_of(person: str) -> Any:
    """What does somebody do?"""
    return _holder(named(giving.PAGE, person))


@operation(
    "POST",
    "/people/<person>/duties",
    tag=DUTIES,
    summary=_l("增加职责"),
    body=GivenDuty,
    answer=HolderShape,
    status=201,
)
def add_duty(given: Mapping[str, Any], person: str) -> Any:
    """Give somebody a duty."""
    with at_fields(FIELDS):
        giving.give(_duty(person, given))
    return _holder(named(giving.PAGE, person))


@operation("DELETE", "/people/<person>/duties", tag=DUTIES, summary=_l("结束职责"), query=GivenDuty, status=204)
def end_duty(given: Mapping[str, Any], person: str) -> Response:
    """Take a duty from somebody."""
    giving.end(_duty(person, given))
    return Response(status=204)


@operation("GET", "/duties/choices", tag=DUTIES, summary=_l("可选的角色、地区、机构"), answer=DutyChoicesShape)
def duty_choices() -> Any:
    """What duties can be made of."""
    reference = snapshot().reference
    return {
        "roles": with_names(reference.roles.items()),
        "places": with_names((place, reference.place_name(place)) for place in giving.places()),
        "organisations": [{"code": each.id, "name": each.name, "place": each.place} for each in giving.organisations()],
    }


@operation(
    "GET",
    "/duties/<any(" + ", ".join(giving.FILES) + "):file>.csv",
    tag=DUTIES,
    summary=_l("人员、职责、代理人的数据文件"),
    description=_l("全平台的，只给最上级地区的系统管理员。"),
    media_type="text/csv",
)
def duties_file(file: str) -> Response:
    """The data as a file that ``load`` takes."""
    return giving.file(file)


def _duty(person: str, given: Mapping[str, Any]) -> records.Duty:
    return records.Duty(person, given["role"], given["place"], given["organisation"] or None)


def _holder(person: records.Person) -> dict[str, Any]:
    reference = snapshot().reference
    duties = [{**vars(each), "words": duty_line(reference, each)} for each in reference.duties_of(person.id)]
    return {"id": person.id, "name": person.name, "active": person.active, "duties": duties}

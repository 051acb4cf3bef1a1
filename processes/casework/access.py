"""Who may see and do what: duties, substitutes, recusal (回避) and confidentiality (保密), for one row and for a whole list.

A task is for a role at a place, perhaps of one organisation or one person. A case is seen by whoever has or had a task in it, and beyond
that as far as a role's sight reaches, which is data (``roles.csv``). A confidential case is seen by the former only. Whoever is
excluded, himself or through an organisation he serves, neither sees nor does anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, exists, false, not_, or_, select, true

from processes.casework.people import Acting, Authority
from processes.casework.records import SEES_BELOW, SEES_ORGANISATION, SEES_PLACE
from processes.casework.reference import Reference
from processes.errors import BihuanError
from processes.store.tables import TASK_IS_OPEN, Case, Instance, UserTask


class Forbidden(BihuanError):
    """This person may not do that."""


class TaskLike(Protocol):
    """A row of ``UserTask``, as far as access depends on it."""

    role: Any
    organisation: Any
    place: Any
    assignee: Any
    owner: Any
    taken: Any
    excluded: Any


class CaseLike(Protocol):
    """A row of ``Case``, as far as access depends on it."""

    id: Any
    excluded: Any


def is_excluded(authority: Authority, reference: Reference, excluded: Collection[str]) -> bool:
    """Whether a person is on a list of persons and organisations that must not see something, or serves one of those organisations."""
    return not _own_names(authority, reference).isdisjoint(excluded)


def _own_names(authority: Authority, reference: Reference) -> set[str]:
    """By what a person can be excluded: himself, the organisations he serves, and those that do their work today."""
    own = (_names(each, reference) for each in authority.acting if each.person == authority.person)
    return {authority.person}.union(*own)


def _names(acting: Acting, reference: Reference) -> set[str]:
    """By what a duty can be excluded: its holder, its organisation, and the one that does that one's work today."""
    organisation = acting.duty.organisation
    return (
        {acting.person} if organisation is None else {acting.person, organisation, reference.successor_of(organisation)}
    )


# ---- tasks -----------------------------------------------------------------------------------------------------------


def doing(authority: Authority, reference: Reference, task: TaskLike) -> str | None:
    """In whose name this person may do a task: his or her own, or that of somebody he or she stands in for; None: not at all."""
    excluded = set(task.excluded or ())
    if is_excluded(authority, reference, excluded):
        return None
    if task.assignee is not None:
        holders = {task.assignee, task.owner} - excluded
        return next((each for each in authority.principals if each in holders), None)
    return _candidate(authority, reference, task)


def may_take(authority: Authority, reference: Reference, task: TaskLike) -> bool:
    """Whether it is one of those among whom a task goes round, whoever has it now. What a diagram gives to one person does not."""
    if is_excluded(authority, reference, set(task.excluded or ())) or (task.assignee is not None and not task.taken):
        return False
    return _candidate(authority, reference, task) is not None


def could_do(authority: Authority, reference: Reference, task: TaskLike) -> bool:
    """Whether this person has a duty of the task's kind in his or her own right: who may be asked to do it."""
    own = Authority(
        authority.person, (authority.person,), tuple(a for a in authority.acting if a.person == authority.person)
    )
    excluded = set(task.excluded or ())
    return not is_excluded(own, reference, excluded) and _candidate(own, reference, task) is not None


def _candidate(authority: Authority, reference: Reference, task: TaskLike) -> str | None:
    """By whose duty this person is one of those whose task it may be."""
    excluded = set(task.excluded or ())
    fitting = (each for each in authority.acting if _fits(each, reference, task))
    return next((each.person for each in fitting if _names(each, reference).isdisjoint(excluded)), None)


def may_do(authority: Authority, reference: Reference, task: TaskLike) -> bool:
    """Whether this person may do a task."""
    return doing(authority, reference, task) is not None


def require_task(authority: Authority, reference: Reference, task: TaskLike) -> str:
    """In whose name this person does a task.

    :raises Forbidden: when he or she may not
    """
    name = doing(authority, reference, task)
    if name is None:
        raise Forbidden("您不能办理这项任务。", f"{authority.person} may not do this task")
    return name


def _fits(acting: Acting, reference: Reference, task: TaskLike) -> bool:
    duty = acting.duty
    if duty.role != task.role or duty.place != task.place:
        return False
    if task.organisation is None or duty.organisation is None:
        return True
    return reference.successor_of(duty.organisation) == reference.successor_of(task.organisation)


def tasks_of(authority: Authority, reference: Reference) -> ColumnElement[bool]:
    """The same as a condition on ``UserTask``, for lists."""
    fitting: list[ColumnElement[bool]] = [
        and_(holder == each, *_without({each}, UserTask.excluded))
        for each in authority.principals
        for holder in (UserTask.assignee, UserTask.owner)
    ]
    for each in authority.acting:
        duty = each.duty
        conditions: list[ColumnElement[bool]] = [
            UserTask.assignee.is_(None),
            UserTask.role == duty.role,
            UserTask.place == duty.place,
        ]
        if duty.organisation is not None:
            served = reference.predecessors(reference.successor_of(duty.organisation))
            conditions.append(or_(UserTask.organisation.is_(None), UserTask.organisation.in_(served)))
        fitting.append(and_(*conditions, *_without(_names(each, reference), UserTask.excluded)))
    return and_(or_(*fitting), *_without(_own_names(authority, reference), UserTask.excluded))


# ---- cases -----------------------------------------------------------------------------------------------------------


def cases_of(authority: Authority, reference: Reference) -> ColumnElement[bool]:
    """The cases a person may see, as a condition on ``Case``."""
    in_sight = [sight for each in authority.acting if (sight := _sight(each, reference)) is not None]
    seen = or_(false(), _has_a_part(authority, reference), and_(not_(Case.confidential), or_(false(), *in_sight)))
    return and_(seen, *_without(_own_names(authority, reference), Case.excluded))


def instances_of(authority: Authority, reference: Reference, places: Collection[str]) -> ColumnElement[bool]:
    """The instances at these places that a person may look after, as a condition on ``Instance`` with ``Case`` beside it (an outer join). Whoever
    is excluded from a case does not see its instance, nor does anybody who would not see a confidential case."""
    everywhere = len(set(places)) >= len(reference.places)
    open_to_all = and_(not_(Case.confidential), *_without(_own_names(authority, reference), Case.excluded))
    of_case = or_(Case.id.is_(None), open_to_all, cases_of(authority, reference))
    return of_case if everywhere else and_(Instance.place.in_(sorted(places)), of_case)


def may_see_case(connection: Connection, authority: Authority, reference: Reference, case: CaseLike) -> bool:
    """Whether this person may see a case."""
    return connection.scalar(select(exists().where(Case.id == case.id, cases_of(authority, reference)))) is True


def require_case(connection: Connection, authority: Authority, reference: Reference, case: CaseLike) -> None:
    """:raises Forbidden: when this person may not see a case"""
    if not may_see_case(connection, authority, reference, case):
        raise Forbidden("您不能查看这一问题。", f"{authority.person} may not see this case")


def sees_all_of(authority: Authority, reference: Reference, place: str) -> bool:
    """Whether a duty lets somebody see all cases of a place that are not confidential."""
    for each in authority.acting:
        sees = reference.sight.get(each.duty.role)
        if sees == SEES_BELOW and place in reference.under(each.duty.place):
            return True
        if sees == SEES_PLACE and each.duty.place == place:
            return True
    return False


def overseen(authority: Authority, reference: Reference, places: Iterable[str]) -> ColumnElement[bool]:
    """The cases whose course somebody answers for who has such a duty at these places: those there and below, but for confidential ones and
    those of which he or she must know nothing."""
    under = {each for place in places for each in reference.under(place)}
    names = _own_names(authority, reference)
    return and_(Case.place.in_(sorted(under)), not_(Case.confidential), *_without(names, Case.excluded))


def _has_a_part(authority: Authority, reference: Reference) -> ColumnElement[bool]:
    mine = or_(
        UserTask.completed_by == authority.person,
        and_(TASK_IS_OPEN, tasks_of(authority, reference)),
    )
    return exists().where(UserTask.case_id == Case.id, mine)


def _sight(acting: Acting, reference: Reference) -> ColumnElement[bool] | None:
    """What a duty lets its holder see beside the cases he has a part in."""
    duty = acting.duty
    sees = reference.sight.get(duty.role)
    if sees == SEES_BELOW:
        under = reference.under(duty.place)
        return true() if len(under) == len(reference.places) else Case.place.in_(under)
    if sees == SEES_PLACE:
        return Case.place == duty.place
    if sees == SEES_ORGANISATION and duty.organisation is not None:
        served = reference.predecessors(reference.successor_of(duty.organisation))
        return exists().where(UserTask.case_id == Case.id, UserTask.organisation.in_(served))
    return None


def _without(names: Iterable[str], column: Any) -> list[ColumnElement[bool]]:
    """None of the names is on the list. Ids are letters, digits and a few signs, so a list of them holds one exactly when its JSON holds
    it in quotes."""
    listed = cast(column, Text)
    return [not_(listed.contains(f'"{name}"', autoescape=True)) for name in sorted(names)]

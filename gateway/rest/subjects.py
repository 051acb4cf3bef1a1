"""个人信息申请 and 个人信息审批 for programs: what is held about a person, to be copied, put right, deleted; and whether it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.languages import pick
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.shapes import ID, Shape, chosen, many, moment, said, string, whole, word, yes
from gateway.rest.tags import SUBJECTS
from gateway.staff.pages import snapshot
from gateway.subjects import deciding as approvals
from gateway.subjects import finding as page
from gateway.text import masked, masked_name
from processes.casework.subjects import correcting, identity, requests
from processes.casework.subjects.correcting import BadValue
from processes.casework.subjects.finding import MOST, Held
from processes.casework.subjects.identity import BadIdentity, Identity
from processes.casework.subjects.requests import BadReason, NotHeld, NothingChosen

# ---- whom it is about ------------------------------------------------------------------------------------------------


class IdentityShape(Shape):
    """A phone number, an e-mail address, or a name together with the credit code of the enterprise that it was given for."""

    phone = said(_l("手机号"), most=identity.LONGEST["phone"])
    email = said(_l("电子邮箱"), most=identity.LONGEST["email"])
    name = said(_l("姓名，要和统一社会信用代码一起填"), most=identity.LONGEST["name"])
    uscc = said(_l("统一社会信用代码"), most=identity.LONGEST["uscc"])


class About(Shape):
    """Whom it is about."""

    who = fields.Nested(IdentityShape, required=True)


class HeldShape(Shape):
    """A report of the person's, contact data masked. ``unfinished``: its cases that are not closed, for which it is not deleted;
    ``of_peer``: the deployment that it is of, where deletion is to be asked for; ``copies``: those that have a copy from here."""

    id = string()
    number = string(_l("问题编号"))
    place = string()
    place_name = string()
    received_at = moment(none=False)
    enterprise = string()
    contact = string()
    phone = string()
    unfinished = many(word())
    of_peer = string()
    copies = many(word())


class MemberShape(Shape):
    """A member of staff, whose data the system administrator keeps."""

    id = string()
    name = string()
    active = yes()


class FoundShape(Shape):
    """What is held. ``elsewhere``: the places of what is held at others and to be asked for there."""

    reports = many(HeldShape)
    elsewhere = many(word())
    staff = many(MemberShape)


@operation(
    "POST",
    "/subjects/find",
    tag=SUBJECTS,
    summary=_l("查一个人的个人信息"),
    description=_l("请先核实本人身份。查询会记入审计日志。"),
    body=About,
    answer=FoundShape,
)
def find_subject(given: Mapping[str, Any]) -> Any:
    """What is held about a person."""
    found, reference = page.looked_up(_who(given)), snapshot().reference
    elsewhere = [reference.place_name(each.place) for each in found.elsewhere]
    return {"reports": [_held(each) for each in found.found], "elsewhere": elsewhere, "staff": found.staff}


def _held(each: Held) -> dict[str, Any]:
    own = {"id": each.report_id, "place_name": snapshot().reference.place_name(each.place)}
    return {**vars(each), **own, "contact": masked_name(each.contact), "phone": masked(each.phone)}


def _who(given: Mapping[str, Any]) -> Identity:
    try:
        return Identity.of(given["who"])
    except BadIdentity as error:
        raise Unfit.of_error(f"body.who.{error.field}", error) from error


# ---- asking ----------------------------------------------------------------------------------------------------------


class RequestShape(Shape):
    """A request, without whom it is about. ``reports``: how many, until it has ended; ``done`` of ``total``: steps of a deletion; ``kept``: mentions
    in other people's open cases that stay; ``stopped``: why it was not done, empty when nothing was in the way."""

    id = string()
    kind = string(validate=validate.OneOf(requests.KINDS))
    place = string()
    reports = whole()
    reason = string()
    asked_by = string()
    asked_by_name = string()
    asked_at = moment(none=False)
    state = string(validate=validate.OneOf(requests.STATES))
    decided_by = string(allow_none=True)
    decided_at = moment()
    decision = string()
    done = whole()
    total = whole()
    kept = whole()
    stopped = string()
    ended_at = moment()


class RequestsShape(Shape):
    """The newest first."""

    requests = many(RequestShape)


def _request(each: requests.Request) -> dict[str, Any]:
    stopped = pick(each.remains.get("stopped"), each.remains.get("stopped_en"))
    own = {"reports": len(each.reports), "asked_by_name": snapshot().reference.person_name(each.asked_by)}
    return {**vars(each), **own, "kept": 0 if stopped else sum(each.remains.values()), "stopped": stopped}


@operation("GET", "/subjects/requests", tag=SUBJECTS, summary=_l("本人提交的申请"), answer=RequestsShape)
def subject_requests() -> Any:
    """What the person has asked for."""
    return {"requests": [_request(each) for each in page.own_requests()]}


class Chosen(About):
    """Whom it is about, and which of what is held."""

    reports = fields.List(
        fields.String(validate=validate.Length(min=1, max=ID)),
        required=True,
        validate=validate.Length(max=MOST),
        metadata={"description": _l("查到的来件的 id；没有查到来件时为空")},
    )


class Asking(Chosen):
    """What is to be done with it."""

    kind = chosen(requests.KINDS, _l("提供副本或删除"))
    reason = said(_l("依据；不写姓名和号码：它留在审计日志里"), most=requests.LONGEST, least=1, required=True)


@operation(
    "POST",
    "/subjects/requests",
    tag=SUBJECTS,
    summary=_l("申请副本或删除"),
    description=_l("由安全管理员审批。"),
    body=Asking,
    answer=RequestShape,
    status=201,
)
def ask_for_subject(given: Mapping[str, Any]) -> Any:
    """Ask for a copy, or for deletion; somebody else decides."""
    who = _who(given)
    with _wrong("reason"):
        return _request(page.asked(who, given["kind"], given["reports"], given["reason"]))


@operation(
    "POST", "/subjects/requests/<request_id>/copy", tag=SUBJECTS, summary=_l("下载副本（ZIP）"), media_type=page.ZIP
)
def subject_copy(request_id: str) -> Any:
    """The copy of an approved request of one's own; each fetching is in the audit log."""
    return page.copy(request_id)


class Corrections(Shape):
    """What is to stand there; what is left out or empty stays as it is."""

    contact = said(_l("联系人"), most=correcting.FIELDS["contact"])
    phone = said(_l("电话"), most=correcting.FIELDS["phone"])
    email = said(_l("电子邮箱"), most=correcting.FIELDS["email"])
    address = said(_l("地址"), most=correcting.FIELDS["address"])
    enterprise = said(_l("企业名称"), most=correcting.FIELDS["enterprise"])
    uscc = said(_l("统一社会信用代码"), most=correcting.FIELDS["uscc"])


class Correcting(Chosen):
    """What ought to stand there, and on what that rests."""

    corrections = fields.Nested(Corrections, required=True)
    why = said(_l("更正的依据；不写姓名和号码"), most=requests.LONGEST, least=1, required=True)


class CorrectedShape(Shape):
    """A report, with the fields that are others now."""

    id = string()
    changed = many(word())


class CorrectedAll(Shape):
    """Those in which something has changed."""

    reports = many(CorrectedShape)


@operation("POST", "/subjects/corrections", tag=SUBJECTS, summary=_l("更正"), body=Correcting, answer=CorrectedAll)
def correct_subject(given: Mapping[str, Any]) -> Any:
    """Put contact data right; it holds at once."""
    who = _who(given)
    with _wrong("why"):
        found = page.corrected(who, given["reports"], given["corrections"], given["why"])
    return {"reports": [{"id": report, "changed": changed} for report, changed in found.items()]}


# ---- deciding --------------------------------------------------------------------------------------------------------


@operation("GET", "/subjects/approvals", tag=SUBJECTS, summary=_l("等待审批和审批过的申请"), answer=RequestsShape)
def subject_approvals() -> Any:
    """What waits for a decision, and what was decided."""
    return {"requests": [_request(each) for each in approvals.to_decide()]}


class Deciding(Shape):
    """Whether it may be done, and why."""

    verdict = chosen(approvals.VERDICTS, _l("批准或不批准"))
    words = said(_l("审批意见"), most=requests.LONGEST, least=1, required=True)


@operation(
    "POST",
    "/subjects/requests/<request_id>/decision",
    tag=SUBJECTS,
    summary=_l("审批"),
    body=Deciding,
    answer=RequestShape,
)
def decide_for_subject(given: Mapping[str, Any], request_id: str) -> Any:
    """Let it be done, or not."""
    with _wrong("words"):
        return _request(approvals.decided(request_id, given["verdict"] == approvals.APPROVE, given["words"]))


@contextmanager
def _wrong(reason: str) -> Iterator[None]:
    """What is wrong is told at its field. ``reason``: the one in which it is said on what it rests."""
    try:
        yield
    except BadReason as error:
        raise Unfit.of_error(f"body.{reason}", error) from error
    except (NothingChosen, NotHeld) as error:
        raise Unfit.of_error("body.reports", error) from error
    except BadValue as error:
        raise Unfit.of_error(f"body.corrections.{error.field}", error) from error

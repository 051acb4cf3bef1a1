"""Notices to staff: to the notice platform, and by the ways that are configured: SMS, work notices, e-mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workers.adapters.dingtalk import DingTalk
from workers.adapters.mail import Mail
from workers.adapters.notice import Delivery, Notice, Recipient, Way
from workers.adapters.outbound import Outbound
from workers.adapters.settings import ExternalSystem
from workers.adapters.sms import Sms
from workers.kit import BusinessError, Failed, Job, RetryLater, Worker

PLATFORM, SYSTEM = "platform", "notices"
"""the way that is a platform which knows its people itself, and the name of that system"""
WAYS: Mapping[str, Callable[[Outbound, ExternalSystem], Way]] = {"sms": Sms, "dingtalk": DingTalk, "email": Mail}
"""name of the way and of its system → what speaks to it, in the order of sending: e-mail last, for it cannot be repeated without a second copy"""


def worker(outbound: Outbound) -> Worker:
    """Handles ``notice.send``."""
    systems = outbound.systems
    configured = {name: make(outbound, systems.named(name)) for name, make in WAYS.items() if name in systems}
    worker = Worker("notices")

    @worker.job("notice.send")
    def send(
        job: Job,
        case: str,
        kind: str,
        to: Any,
        subject: str,
        text: str,
        recipients: list[Any] | None = None,
        ways: list[Any] | None = None,
    ) -> dict[str, Any]:
        """``to`` is ``{role, organisation, place}``, ``{person}`` or a person's id: the platform knows who that is; for the other ways
        ``recipients`` says it."""
        notice = Notice(case, kind, subject, text)
        wanted = [name for name in configured if not ways or name in ways]
        told: Mapping[str, Any] | None = None
        troubles = list[RetryLater | Failed]()
        if (not ways or PLATFORM in ways) and (SYSTEM in systems or not configured):
            body = {"case": case, "kind": kind, "to": to, "subject": subject, "text": text}
            try:
                told = outbound.post(SYSTEM, ["messages"], body, job)
            except (RetryLater, Failed) as trouble:
                troubles.append(trouble)
            except BusinessError:
                if not wanted:
                    raise
        reached = dict[str, list[str]]()
        for name in wanted:
            meant = reachable(recipients or [], name)
            if meant and not (name == "email" and troubles):
                delivery: Delivery = configured[name].send(notice, meant, job)
                troubles += delivery.trouble
                reached[name] = delivery.reached
        return _result(job, told, reached, troubles)

    return worker


def reachable(recipients: Sequence[Any], way: str) -> list[Recipient]:
    """Those who have an address by a way; an address that several share is used once."""
    found = dict[str, Recipient]()
    for each in recipients:
        if isinstance(each, Mapping) and isinstance(each.get(way), str) and each[way]:
            found.setdefault(each[way], Recipient(str(each.get("person")), str(each.get("name")), each[way]))
    return list(found.values())


def raise_first(troubles: Sequence[RetryLater | Failed]) -> None:
    """Raise one of them, if there are any: one that passes by itself rather than another."""
    for trouble in sorted(troubles, key=lambda each: isinstance(each, Failed)):
        raise trouble


def _result(
    job: Job,
    told: Mapping[str, Any] | None,
    reached: Mapping[str, Sequence[str]],
    troubles: Sequence[RetryLater | Failed],
) -> dict[str, Any]:
    """Trouble first, that which passes by itself before the other: those who were reached are not reached again by the next attempt."""
    raise_first(troubles)
    named = {name: list(people) for name, people in reached.items() if people}
    if told is None and not named:
        raise BusinessError("recipient_unknown", "收件人没有可用的短信、工作通知或邮箱地址")
    receipt = job.id if told is None else told.get("receipt")
    return {"receipt": receipt, **({"reached": named} if named else {})}

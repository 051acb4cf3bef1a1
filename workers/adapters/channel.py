"""The systems of the channels: what becomes of a problem goes back where it came from.

What was reported in the platform's own portal stands there already: whoever reported it is told by a text message, where there is an SMS
gateway. The platform says so by ``recipients``.

Only the fields named here leave the house, whatever else a diagram hands to the job.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workers.adapters import hotline
from workers.adapters.notice import Notice
from workers.adapters.notices import raise_first, reachable
from workers.adapters.outbound import Outbound
from workers.adapters.sms import Sms
from workers.kit import Job, Worker


def worker(outbound: Outbound) -> Worker:
    """Handles ``channel.refuse``, ``channel.answer``, ``channel.ask`` and ``channel.progress``."""
    worker = Worker("channel")

    @worker.job("channel.refuse")
    def refuse(
        job: Job,
        channel: str,
        original: str,
        reason: str,
        case: str | None = None,
        note: str | None = None,
        recipients: list[Any] | None = None,
    ) -> dict[str, Any]:
        """A refused report goes back with the reason."""
        if recipients is not None:
            return _tell(outbound, job, case, reason, recipients)
        body = {"case": case, "reason": reason, "note": note, **hotline.returned(channel)}
        return outbound.post_to_channel(channel, ["orders", original, "refusals"], body, job)

    @worker.job("channel.answer")
    def answer(
        job: Job,
        case: str,
        channel: str,
        original: str,
        text: str,
        outcome: str | None = None,
        recipients: list[Any] | None = None,
    ) -> dict[str, Any]:
        """The answer to the enterprise."""
        if recipients is not None:
            return _tell(outbound, job, case, text, recipients)
        body = {"case": case, "text": text, "outcome": outcome, **hotline.result(channel, outcome)}
        return outbound.post_to_channel(channel, ["orders", original, "results"], body, job)

    @worker.job("channel.ask")
    def ask(
        job: Job,
        case: str,
        channel: str,
        original: str,
        text: str,
        due_at: str | None = None,
        recipients: list[Any] | None = None,
    ) -> dict[str, Any]:
        """What the enterprise is asked to add."""
        if recipients is not None:
            return _tell(outbound, job, case, text, recipients)
        body = {"case": case, "text": text, "due_at": due_at}
        return outbound.post_to_channel(channel, ["orders", original, "questions"], body, job)

    @worker.job("channel.progress")
    def progress(
        job: Job,
        case: str,
        channel: str,
        original: str,
        text: str,
        stage: str | None = None,
        recipients: list[Any] | None = None,
    ) -> dict[str, Any]:
        """How far it is."""
        if recipients is not None:
            return _tell(outbound, job, case, text, recipients)
        body = {"case": case, "text": text, "stage": stage}
        return outbound.post_to_channel(channel, ["orders", original, "progress"], body, job)

    return worker


def _tell(outbound: Outbound, job: Job, case: str | None, text: str, recipients: Sequence[Any]) -> dict[str, Any]:
    """A number that is none holds nothing up: what is said stands in the portal."""
    meant = reachable(recipients, Sms.name)
    if meant and Sms.name in outbound.systems:
        notice = Notice(case or "", "portal", "", text)
        raise_first(Sms(outbound, outbound.systems.named(Sms.name)).send(notice, meant, job).trouble)
    return {"delivered": True, "receipt": job.id}

"""The notice system: text messages and 浙政钉-like notices to staff."""

from __future__ import annotations

from typing import Any

from workers.adapters.outbound import Outbound
from workers.kit import Job, Worker


def worker(outbound: Outbound) -> Worker:
    """Handles ``notice.send``."""
    worker = Worker("notices")

    @worker.job("notice.send")
    def send(job: Job, case: str, kind: str, to: object, subject: str, text: str) -> dict[str, Any]:
        """``to`` is ``{role, organisation, place}``, ``{person}`` or a person's id; the system knows their numbers."""
        body = {"case": case, "kind": kind, "to": to, "subject": subject, "text": text}
        return outbound.post("notices", ["messages"], body, job)

    return worker

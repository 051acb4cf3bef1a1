"""The seven-lists system: a major problem is transferred to it."""

from __future__ import annotations

from typing import Any

from workers.adapters.outbound import Outbound
from workers.kit import Job, Worker


def worker(outbound: Outbound) -> Worker:
    """Handles ``seven-lists.transfer``; acceptance, rejection and stages come as messages ``seven-lists.*``."""
    worker = Worker("seven-lists")

    @worker.job("seven-lists.transfer")
    def transfer(
        job: Job, case: str, channel: str, original: str, list: str, place: str, text: str, title: str | None = None
    ) -> dict[str, Any]:
        """Hand the problem over to the system of the same level."""
        body = {
            "case": case,
            "channel": channel,
            "original": original,
            "list": list,
            "place": place,
            "title": title,
            "text": text,
        }
        return outbound.post("seven-lists", ["problems"], body, job)

    return worker

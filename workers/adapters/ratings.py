"""The service-rating system (好差评): asks the enterprise for its rating, and is told how a bad one was mended."""

from __future__ import annotations

from typing import Any

from workers.adapters.outbound import Outbound
from workers.kit import Job, Worker


def worker(outbound: Outbound) -> Worker:
    """Handles ``rating.request`` and ``rating.rectified``; ratings and reviews come as messages ``rating.*``."""
    worker = Worker("ratings")

    @worker.job("rating.request")
    def request(
        job: Job,
        case: str,
        channel: str,
        original: str,
        place: str | None = None,
        text: str | None = None,
        due_at: str | None = None,
    ) -> dict[str, Any]:
        """One rating for one handling of a case: the job's id tells the rounds apart."""
        body = {
            "case": case,
            "channel": channel,
            "original": original,
            "place": place,
            "text": text,
            "due_at": due_at,
        }
        return outbound.post("ratings", ["requests"], body, job)

    @worker.job("rating.rectified")
    def rectified(
        job: Job,
        case: str,
        original: str,
        text: str,
        place: str | None = None,
        outcome: str | None = None,
        due_at: str | None = None,
    ) -> dict[str, Any]:
        """核实 and 整改 are done: here is what came of them."""
        body = {"case": case, "place": place, "text": text, "outcome": outcome, "due_at": due_at}
        return outbound.post("ratings", ["items", original, "rectifications"], body, job)

    return worker

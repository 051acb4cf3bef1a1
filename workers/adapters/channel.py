"""The systems of the channels: what becomes of a problem goes back where it came from.

Only the fields named here leave the house, whatever else a diagram hands to the job.
"""

from __future__ import annotations

from typing import Any

from workers.adapters import hotline
from workers.adapters.outbound import Outbound
from workers.kit import Job, Worker


def worker(outbound: Outbound) -> Worker:
    """Handles ``channel.refuse``, ``channel.answer``, ``channel.ask`` and ``channel.progress``."""
    worker = Worker("channel")

    @worker.job("channel.refuse")
    def refuse(
        job: Job, channel: str, original: str, reason: str, case: str | None = None, note: str | None = None
    ) -> dict[str, Any]:
        """A refused report goes back with the reason."""
        body = {"case": case, "reason": reason, "note": note, **hotline.returned(channel)}
        return outbound.post_to_channel(channel, ["orders", original, "refusals"], body, job)

    @worker.job("channel.answer")
    def answer(
        job: Job, case: str, channel: str, original: str, text: str, outcome: str | None = None
    ) -> dict[str, Any]:
        """The answer to the enterprise."""
        body = {"case": case, "text": text, "outcome": outcome, **hotline.result(channel, outcome)}
        return outbound.post_to_channel(channel, ["orders", original, "results"], body, job)

    @worker.job("channel.ask")
    def ask(job: Job, case: str, channel: str, original: str, text: str, due_at: str | None = None) -> dict[str, Any]:
        """What the enterprise is asked to add."""
        body = {"case": case, "text": text, "due_at": due_at}
        return outbound.post_to_channel(channel, ["orders", original, "questions"], body, job)

    @worker.job("channel.progress")
    def progress(
        job: Job, case: str, channel: str, original: str, text: str, stage: str | None = None
    ) -> dict[str, Any]:
        """How far it is."""
        body = {"case": case, "text": text, "stage": stage}
        return outbound.post_to_channel(channel, ["orders", original, "progress"], body, job)

    return worker

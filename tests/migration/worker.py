"""The worker of the campaign's jobs: it answers, after a moment, with what it was asked."""

from __future__ import annotations

import time

from workers.kit import Worker

TOPIC = "campaign.work"

MOMENT = 0.01
"""Seconds of a job."""

worker = Worker("campaign")


@worker.job(TOPIC)
def work(number: str) -> dict[str, str]:
    """Something outside."""
    time.sleep(MOMENT)
    return {"answer_to": number}

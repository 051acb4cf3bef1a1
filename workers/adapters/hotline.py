"""The 12345 hotline: what it is told in codes of its own, and the one thing that only it is asked.

Orders come in as messages (:mod:`processes.messaging.hotline`); answers, questions and progress go out as those of every
channel do (:mod:`workers.adapters.channel`), results with the hotline's code besides.
"""

from __future__ import annotations

from typing import Any

from processes.messaging.hotline import CHANNEL
from workers.adapters.outbound import Outbound
from workers.kit import Job, Worker

SOLVED, UNSOLVED, PARTLY, RETURNED = range(4)
"""the results that a hotline knows: see ``processes.messaging.hotline.SOLVED``"""

RESULTS = {"solved": SOLVED, "partly": PARTLY}
"""how a case ended → the hotline's result; whatever else was said to the enterprise did not solve its problem"""


def result(channel: str, outcome: str | None) -> dict[str, int]:
    """What the hotline is told besides the answer; other channels are told nothing more."""
    return {"result": RESULTS.get(outcome or "", UNSOLVED)} if channel == CHANNEL else {}


def returned(channel: str) -> dict[str, int]:
    """What the hotline is told besides the reason why its order goes back."""
    return {"result": RETURNED} if channel == CHANNEL else {}


def worker(outbound: Outbound) -> Worker:
    """Handles ``hotline.extend``; the hotline's ruling comes as the message ``hotline.extension-ruled``."""
    worker = Worker("hotline")

    @worker.job("hotline.extend")
    def extend(
        job: Job, case: str, channel: str, original: str, days: int, reason: str, due_at: str | None = None
    ) -> dict[str, Any]:
        """Ask for more time."""
        body = {"case": case, "days": days, "reason": reason, "due_at": due_at}
        return outbound.post_to_channel(channel, ["orders", original, "extensions"], body, job)

    return worker

"""Boards' own business systems: an order goes out, and what becomes of it comes back as messages ``board.*``."""

from __future__ import annotations

from typing import Any

from workers.adapters.outbound import Outbound
from workers.kit import Job, Worker


def worker(outbound: Outbound) -> Worker:
    """Handles ``board.order`` and ``board.cancel``."""
    worker = Worker("boards")

    @worker.job("board.order")
    def order(
        job: Job,
        case: str,
        board: str,
        place: str,
        text: str,
        title: str | None = None,
        supplement: str | None = None,
        difficulty: str | None = None,
        due_at: str | None = None,
    ) -> dict[str, Any]:
        """Give an order to the system of a board. Whoever reported the problem is known by the case's number alone."""
        body = {
            "case": case,
            "board": board,
            "place": place,
            "title": title,
            "text": text,
            "supplement": supplement,
            "difficulty": difficulty,
            "due_at": due_at,
        }
        return outbound.post_to_board(board, ["orders"], body, job)

    @worker.job("board.cancel")
    def cancel(job: Job, case: str, board: str, reason: str, reference: str | None = None) -> dict[str, Any]:
        """Tell the system of a board that it need not go on with an order."""
        body = {"board": board, "reference": reference, "reason": reason}
        return outbound.post_to_board(board, ["orders", case, "cancel"], body, job)

    return worker

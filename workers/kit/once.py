"""Attempts that this process has in hand or has answered lately: a broker, and a relay whose confirmation was slow, may bring a message twice, and
not every system outside recognises a repeated key (e-mail does not)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future

import orjson

from workers.kit.answer import Answer
from workers.kit.job import Job

ATTEMPTS = 10_000
"""Attempts remembered: some seconds of what a busy process does."""

LARGEST = 4096
"""bytes of an answer that is kept; what has a larger one is done again"""


class Once:
    """What this process does, by job and attempt. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Future[Answer] | tuple[str, bytes] | None] = OrderedDict()
        """the answer, in a form that the garbage collector need not walk through; while it is in hand, None, or what those wait for whose message
        came again"""

    def begin(self, job: Job) -> Future[Answer] | None:
        """None: nobody does it yet, so it is the caller's, who says how it went (:meth:`ended`). Otherwise the answer, as soon as it has been
        delivered; the future fails when it could not be."""
        key = f"{job.id}:{job.attempt}"
        with self._lock:
            if key not in self._known:
                self._known[key] = None
                if len(self._known) > ATTEMPTS:
                    self._known.popitem(last=False)
                return None
            known = self._known[key]
            if isinstance(known, Future):
                return known
            again: Future[Answer] = Future()
            if known is None:
                self._known[key] = again
            else:
                again.set_result(Answer(known[0], orjson.loads(known[1])))
            return again

    def ended(self, job: Job, answer: Answer | None, error: BaseException | None) -> None:
        """The answer has been delivered, or could not be (``error``): then the job is done again when its message comes again."""
        key = f"{job.id}:{job.attempt}"
        body = orjson.dumps(answer.data) if answer is not None and error is None else None
        with self._lock:
            waiting = self._known.pop(key, None)
            if answer is not None and body is not None and len(body) <= LARGEST:
                self._known[key] = answer.type, body
        if isinstance(waiting, Future):
            if error is not None:
                waiting.set_exception(error)
            elif answer is not None:
                waiting.set_result(answer)

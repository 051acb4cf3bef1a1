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
        self._known: OrderedDict[tuple[str, int], Future[Answer]] = OrderedDict()

    def begin(self, job: Job) -> Future[Answer] | None:
        """None: nobody does it yet, so it is the caller's, who says how it went (:meth:`ended`, :meth:`forget`). Otherwise the answer, as soon as
        it has been delivered; the future fails when it could not be."""
        key = job.id, job.attempt
        with self._lock:
            known = self._known.get(key)
            if known is None:
                self._known[key] = Future()
                if len(self._known) > ATTEMPTS:
                    self._known.popitem(last=False)
            return known

    def ended(self, job: Job, answer: Answer, posted: Future[None]) -> None:
        """The answer has been delivered, or could not be: then the job is done again when its message comes again."""
        key = job.id, job.attempt
        error = posted.exception()
        large = error is not None or len(orjson.dumps(answer.data)) > LARGEST
        with self._lock:
            known = self._known.pop(key, None) if large else self._known.get(key)
        if known is not None and error is not None:
            known.set_exception(error)
        elif known is not None:
            known.set_result(answer)

    def forget(self, job: Job, error: BaseException) -> None:
        """There is no answer."""
        with self._lock:
            known = self._known.pop((job.id, job.attempt), None)
        if known is not None:
            known.set_exception(error)

"""The worker kit: a worker in five lines.

>>> worker = Worker("boards")
>>> @worker.job("board.ask")
... def ask(case: str, text: str) -> dict[str, str]:
...     return {"receipt": f"{case}-1"}
>>> Runner(bus, [worker]).run()  # doctest: +SKIP

The handler's parameters name the variables it wants, and their type hints say as what (``int``, ``datetime``, ``list[str]``, a dataclass,
``str | None`` …): what does not fit is told in Chinese and tried no further. A parameter annotated :class:`Job` gets the job itself, and
``**others`` all the rest. What it returns is the job's result: a mapping or a dataclass. To say that it went otherwise, raise

- :class:`BusinessError`: the other side's answer is no; the diagram's boundary event takes it from there.
- :class:`RetryLater`: not now, try again after so many seconds (``counted=False``: at no attempt's cost).
- :class:`Failed`: it can't be done, and trying again won't help; a person must look.
- anything else: it failed; it is tried again as the job's :class:`Retry` says, else with the diagram's own backoff, while attempts last.

``@worker.job(topic, lock=60)`` is for jobs that last: they are accepted, and their lock is extended while they run. To test a worker there is
``workers.kit.testing.Harness``; ``python app.py worker --module mymodule:worker`` runs it.
"""

from workers.kit.job import BusinessError, Failed, Job, RetryLater
from workers.kit.retry import Retry
from workers.kit.runner import Runner
from workers.kit.worker import Worker

__all__ = ["BusinessError", "Failed", "Job", "Retry", "RetryLater", "Runner", "Worker"]

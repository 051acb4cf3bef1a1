"""The worker kit: a worker in five lines.

>>> worker = Worker("boards")
>>> @worker.job("board.ask")
... def ask(case: str, text: str) -> dict[str, str]:
...     return {"receipt": f"{case}-1"}
>>> Runner(bus, [worker]).run()  # doctest: +SKIP

The handler's parameters name the variables it wants; a parameter annotated :class:`Job` gets the job itself, and
``**others`` all the rest. What it returns is the job's result. To say that it went otherwise, raise

- :class:`BusinessError`: the other side's answer is no; the diagram's boundary event takes it from there.
- :class:`RetryLater`: not now, try again after so many seconds.
- :class:`Failed`: it can't be done, and trying again won't help; a person must look.
- anything else: it failed; the engine tries again with the job's own backoff, while attempts last.
"""

from workers.kit.job import BusinessError, Failed, Job, RetryLater
from workers.kit.runner import Runner
from workers.kit.worker import Worker

__all__ = ["BusinessError", "Failed", "Job", "RetryLater", "Runner", "Worker"]

"""States of earlier versions."""

from __future__ import annotations

from processes.kernel.evaluation import Evaluator
from processes.kernel.machine import Machine
from processes.kernel.plan import Process

FORMAT = b"1"


def load(blob: bytes, process: Process, evaluator: Evaluator) -> Machine:
    """To be written next."""
    raise NotImplementedError

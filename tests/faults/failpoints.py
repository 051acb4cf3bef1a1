"""Every failpoint there is, read from the source: whoever writes a new one has it in the matrix."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.world import BROKER, EMBEDDED, ROOT

_FRESH = ("cli/settings.py", "processes/store/schema.py", "processes/casework/assembly.py")
"""What is in these files happens when an empty database is filled."""

_MODELS = ("gateway/api/models.py", "processes/runtime/definitions.py")
"""What is in these happens when somebody deploys models or loads reference data."""

_OFFLINE = "processes/store/backup/"
"""What is in here happens in commands of an operator: ``backup``, ``restore``."""

_LINKED = ("workers/bus/peers.py", "processes/casework/federation/")
"""What is in these only two deployments come by; tests/integration/federation/test_kills.py dies at each."""

_MANY = "processes/casework/bulk.py"
"""What is in here happens when somebody does the same to many instances; tests/integration/casework/test_bulk.py dies at each."""

_ASKED = "processes/casework/subjects/"
"""What is in here happens when somebody wants data deleted; tests/integration/subjects/test_deletion.py dies at each."""

_ROLES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("workers/kit/", ("worker",)),
    ("workers/adapters/", ("worker",)),
    ("workers/bus/relay.py", ("engine-1",)),
    ("workers/bus/line.py", ("engine-1",)),
    ("workers/bus/consumer.py", ("worker",)),
    ("workers/bus/dead.py", ("gateway",)),
    ("workers/bus/", ("engine-1", "worker")),
    ("gateway/", ("gateway",)),
    ("processes/runtime/scheduler.py", ("engine-1",)),
    ("processes/runtime/filing.py", ("engine-1",)),
    ("processes/", ("engine-1", "gateway")),
)
"""Which processes come by, in the lane with a broker; the first that fits. Any other file: all of them."""

_HANDLED = ("amqp.delivered", "amqp.handled")
"""What only workers come by, though engines have the bus, too: their line takes what is for them."""

_RARE = frozenset(
    {
        "amqp.moved",
        "dead.replayed",
        "gateway.replayed",
        "gateway.reported",
        "gateway.resent",
        "quarantine.resent",
        "reception.refused",
        "report.started",
        "report.written",
    }
)
"""What only messages of their own come by."""

_ONCE = _RARE | {
    "deploy.files-written",
    "engine.incident-recorded",
    "gateway.deployed",
    "gateway.loaded",
    "reception.job-failed",
    "reception.signalled",
    "scheduler.due-found",
    "scheduler.locks-found",
    "worker.accepted",
    "worker.long-done",
}
"""What a trial with few cases comes by once or twice in each process."""


@dataclass(frozen=True)
class Failpoint:
    """A name, and the file (from the root) that it stands in."""

    name: str
    file: str

    @property
    def lanes(self) -> tuple[str, ...]:
        """Where cases come by: a transport's own only over that transport."""
        if self.offline or self.linked or self.many or self.asked:
            return ()
        if not self.file.startswith("workers/bus/"):
            return (EMBEDDED, BROKER)
        return (EMBEDDED,) if self.file == "workers/bus/embedded.py" else (BROKER,)

    @property
    def rare(self) -> bool:
        """Whether only messages of their own come by."""
        return self.name in _RARE

    @property
    def left_over(self) -> bool:
        """Whether a process comes by with what others, or it before, have left undone."""
        return self.file == "workers/bus/relay.py"

    @property
    def latest(self) -> int:
        """The pass at which it kills is drawn from the first to this one; who did not come by so often is armed for the first."""
        return 1 if self.name in _ONCE else 6

    @property
    def offline(self) -> bool:
        """Whether only an operator's commands come by."""
        return self.file.startswith(_OFFLINE)

    @property
    def linked(self) -> bool:
        """Whether it takes another deployment to come by."""
        return self.file.startswith(_LINKED)

    @property
    def many(self) -> bool:
        """Whether it takes somebody who does the same to many instances."""
        return self.file == _MANY

    @property
    def asked(self) -> bool:
        """Whether somebody must want data deleted."""
        return self.file.startswith(_ASKED)

    @property
    def fresh(self) -> bool:
        """Whether it takes an empty database to come by."""
        return self.file in _FRESH

    @property
    def models(self) -> bool:
        """Whether somebody must change the models."""
        return self.file in _MODELS

    def processes(self, lane: str) -> tuple[str, ...]:
        """Whom to arm."""
        if lane == EMBEDDED:
            return ("platform",)
        if self.name in _HANDLED:
            return ("worker",)
        return next(
            (names for start, names in _ROLES if self.file.startswith(start)), ("engine-1", "worker", "gateway")
        )


@functools.cache
def scan() -> tuple[Failpoint, ...]:
    """All of them, by name."""
    found = []
    files = [file for folder in ("cli", "processes", "workers", "gateway") for file in (ROOT / folder).rglob("*.py")]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "hit":
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{file}: a failpoint's name is written out"
                found.append(Failpoint(str(name.value), file.relative_to(ROOT).as_posix()))
    return tuple(sorted(found, key=lambda each: each.name))

"""Taking a running instance from one version of its process to another.

A *mapping* says which element of the old version is which of the new one. :func:`look` finds, without changing anything, where every token of an
instance would go and why one cannot; :func:`move` lets them go there. What waits goes on waiting under the id it had: a person's task, a job, a
message, a timer with the time it has left.
"""

from processes.kernel.migration.fates import ARMED, DROPPED, KEPT, RESET, STUCK, Fate, verdict
from processes.kernel.migration.fitting import Reason, why_not
from processes.kernel.migration.looking import Course, look
from processes.kernel.migration.mapping import Place, from_json, proposed, to_json
from processes.kernel.migration.moving import move

__all__ = [
    "ARMED", "DROPPED", "KEPT", "RESET", "STUCK", "Course", "Fate", "Place", "Reason", "from_json", "look", "move", "proposed", "to_json",
    "verdict", "why_not",
]  # fmt: skip

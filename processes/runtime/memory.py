"""What a process that runs an engine does with the garbage collector."""

from __future__ import annotations

import gc


def spare_collector() -> None:
    """Have it look seldom, and at nothing that is there now. Called once, when everything has been read in.

    Instances that have ended, or are hot no more, leave nothing for it (a test holds that). To look through the hot ones again and again costs
    a quarter of the processor, and stops everything for a fifth of a second each time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)

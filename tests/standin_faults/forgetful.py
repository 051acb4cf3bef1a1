"""``python -m tests.standin_faults.forgetful``: the stand-ins without their memory of idempotency keys: what is asked twice is done twice.

To show that the checker sees what the keys are there for. The stand-ins have no such switch: their memory is replaced from outside, here.
"""

from __future__ import annotations

from typing import Any

from workers.standins import store
from workers.standins.__main__ import main

REMEMBERED = ("message", "notice")
"""what the notice systems know a repetition by, besides its key"""

if __name__ == "__main__":
    ledger: Any = store.Ledger
    ledger.kept = lambda self, key: None
    ledger.keep = lambda self, key, kept: None
    get = ledger.get
    ledger.get = lambda self, kind, id_: None if kind in REMEMBERED else get(self, kind, id_)
    raise SystemExit(main())

"""How far somebody has tried a draft: the steps that were taken, as the file of a scenario that has no ``then`` yet.

Nothing else is kept. A page takes the steps anew, on the draft as it is then, so that any process of the gateway can show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from processes.errors import BihuanError
from processes.store.tables import ModelWalk

MOST_STEPS = 200


class SteppedElsewhere(BihuanError):
    """Another window has taken a step since; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "刚才在另一个窗口里又走过一步，这一步没有走。下面是现在走到的地方。",
            "another window has gone a step since: this step was not taken; below is where the walk stands now",
        )


class TooLong(BihuanError):
    """A walk has as many steps as one can have."""

    def __init__(self) -> None:
        super().__init__(
            f"已走了 {MOST_STEPS} 步，不能再走了；请把这一趟记成情景，或重新开始。",
            f"{MOST_STEPS} steps are the most: record the walk, or begin anew",
        )


@dataclass(frozen=True)
class Walk:
    """The steps so far; the scenario is empty before anybody has begun."""

    scenario: Mapping[str, Any]
    revision: int

    @property
    def steps(self) -> list[Any]:
        """The steps, as a file has them."""
        return list(self.scenario.get("when", ()))


def begun(process: str, given: Mapping[str, Any], steps: Sequence[Any] = ()) -> Mapping[str, Any]:
    """A walk as the file of a scenario, with what such a file has to have besides."""
    return {"name": "试走", "about": "试走", "process": process, "given": given, "when": [*steps], "then": {}}


def of(connection: Connection, draft_id: str) -> Walk:
    """The walk over a draft."""
    row = connection.execute(
        select(ModelWalk.scenario, ModelWalk.revision).where(ModelWalk.draft_id == draft_id)
    ).first()
    return Walk(row.scenario, row.revision) if row else Walk({}, 0)


def keep(connection: Connection, draft_id: str, seen: int, scenario: Mapping[str, Any]) -> None:
    """Keep what the walk is now (nothing: to begin anew); ``seen``: the revision it was made of.

    :raises SteppedElsewhere: when it is another one by now
    :raises TooLong: when it has too many steps
    """
    if len(scenario.get("when", ())) > MOST_STEPS:
        raise TooLong
    values = {"scenario": dict(scenario), "revision": seen + 1}
    known = connection.scalar(select(ModelWalk.revision).where(ModelWalk.draft_id == draft_id).with_for_update())
    if (known or 0) != seen:
        raise SteppedElsewhere
    if known is None:
        connection.execute(insert(ModelWalk).values(draft_id=draft_id, **values))
    else:
        connection.execute(
            update(ModelWalk).where(ModelWalk.draft_id == draft_id, ModelWalk.revision == seen).values(**values)
        )

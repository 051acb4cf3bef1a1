"""What speaks against putting a draft into force: the check, another version meanwhile, its scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from processes.casework import model_trials
from processes.casework.model_drafts import Draft, Superseded
from processes.casework.model_trials import Trial
from processes.casework.model_versions import Subject, subject
from processes.errors import BihuanError
from processes.notation.check.findings import ERROR, Finding

Check = Callable[[Mapping[str, bytes]], Sequence[Finding]]


class Hindered(BihuanError):
    """Something speaks against putting it into force; nothing was changed."""


class NotPlayed(Hindered):
    """Its scenarios have not been played, or not all of them."""


@dataclass(frozen=True)
class Review:
    """A draft beside what is in force. ``current``: the version that it would replace; ``trial`` None: nobody has asked for it yet."""

    draft: Draft
    change: Subject
    current: str
    wrong: Sequence[Finding]
    trial: Trial | None

    @property
    def errors(self) -> Sequence[Finding]:
        """What has to be mended."""
        return [each for each in self.wrong if each.severity == ERROR]

    @property
    def superseded(self) -> bool:
        """Whether another version has come into force since the draft was begun."""
        return self.current != self.draft.base

    @property
    def failed(self) -> int:
        """How many scenarios are not as they must be."""
        return len(self.trial.failed) if self.trial is not None else 0

    def hindrance(self, reason: str) -> BihuanError | None:
        """What speaks against it, if anything does. ``reason``: why scenarios that fail are no hindrance."""
        if self.errors:
            return Hindered("没有放入生效：还有错误要改正。", "not put into force: there are errors to be mended")
        if self.superseded:
            return Superseded()
        if self.trial is None or not self.trial.is_done:
            return NotPlayed(
                "没有放入生效：情景还没有演练完。", "not put into force: its scenarios have not been played"
            )
        if self.trial.failed and not reason:
            return Hindered(
                "没有放入生效：有情景不符。请先改正，或者写明为什么仍要生效。",
                "not put into force: scenarios fail; mend it, or say why it comes into force all the same",
            )
        return None


def review_of(connection: Connection, draft: Draft, path: Sequence[str], check: Check) -> Review:
    """A draft as it is now. ``path``: its place and those above it, "" last."""
    change = subject(connection, path, draft.sent, draft.kept)
    held = change.held.get(draft.process)
    wrong = check(change.files)
    trial = None if any(each.severity == ERROR for each in wrong) else model_trials.of(connection, change)
    return Review(draft, change, held.definition if held is not None else draft.base, wrong, trial)

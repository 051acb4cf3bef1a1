"""What is wrong with a scope's control flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from processes.notation.diagram import Node, Scope
from processes.notation.soundness.net import Choice

Kind = Literal["deadlock", "token-left", "dead-step", "livelock", "unbounded", "runs-twice", "gave-up"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """One thing that goes wrong in ``scope`` at ``node``.

    ``deadlock``: tokens wait at ``node`` (and ``also``) for others that never come from ``missing``; ``token-left``: likewise, but others have
    come to an end before. ``dead-step``: no walk ever reaches ``node`` (and ``also`` behind it). ``livelock``: no way leads from there to an
    end. ``unbounded``: each round through ``node`` leaves one more token. ``runs-twice``: branches that were split come
    to ``node`` one after the other, without having been joined. ``gave-up``: after ``states`` states and walks of ``length`` elements.

    ``witness``: the elements in the order in which a shortest walk reaches them, from the start of the process. ``certain``: it happens whatever
    the data; otherwise ``choice`` is the decision after which it can't be helped, where there is one. ``contradictory``: every walk to it answers
    one question in two ways. ``interruptible``: something outside may end the scope before its time.
    """

    kind: Kind
    scope: Scope
    node: Node | None = None
    witness: tuple[str, ...] = ()
    certain: bool = False
    also: tuple[Node, ...] = ()
    missing: tuple[Node, ...] = ()
    choice: Choice | None = None
    contradictory: bool = False
    interruptible: bool = False
    states: int = 0
    length: int = 0

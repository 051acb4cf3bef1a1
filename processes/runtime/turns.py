"""Groups of commands that follow each other: while one is stored, the next is worked out already.

A group stores what it has worked out when the one before has ended, so that all happens as if each had begun after the end of the one
before: what that one is going to change is guarded by its locks, for which the next waits in the database. Should the one before fail, it
begins anew, command by command; the next, which has come too early then and may hold locks that the other needs, lets go of all it has
(:class:`Overtaken`) and begins anew after it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

PATIENCE = 2.0
"""Seconds that a group waits with locks in its hands: should the one before wait for one of them, neither would ever end."""


class Overtaken(Exception):
    """The group before has failed, or does not come to its end: let go, :meth:`Turn.wait`, and begin anew."""


class Turn:
    """A group's place in the order, after ``before``. ``hand_on`` is called once: the next may begin.

    >>> first = Turn()
    >>> second = Turn(first)
    >>> first.store()
    >>> first.end()
    >>> second.store()
    """

    def __init__(self, before: Turn | None = None, hand_on: Callable[[], None] = lambda: None) -> None:
        self._before = before
        self._hand_on: Callable[[], None] | None = hand_on
        self._failed = False
        self._settled, self._ended = Event(), Event()

    def store(self) -> None:
        """All is worked out: wait for the end of the group before, and let the next begin. Raises :class:`Overtaken`."""
        before = self._before
        if before is not None:
            if not before._settled.wait(PATIENCE) or before._failed:
                raise Overtaken
            self._before = None
        self._let_next_begin()

    def wait(self) -> None:
        """Wait for the end of the group before, with no lock in hand."""
        if self._before is not None:
            self._before._ended.wait()
            self._before = None

    def fail(self) -> None:
        """It could not be stored, and begins anew: if the next has begun, it is to let go."""
        if self._hand_on is None:
            self._failed = True
            self._settled.set()

    def end(self) -> None:
        """It has ended, in whatever way."""
        self.wait()
        self._let_next_begin()
        self._settled.set()
        self._ended.set()

    def _let_next_begin(self) -> None:
        hand_on, self._hand_on = self._hand_on, None
        if hand_on is not None:
            hand_on()

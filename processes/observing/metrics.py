"""The registry of all that is counted and timed in this process, and the page on which Prometheus reads it.

Metrics stand beside what they count, one small module a layer (``measures.py``), and are made with :func:`counter`, :func:`gauge`
and :func:`histogram`. To count costs a few microseconds, to note what is to be counted (:data:`NOTES`) a tenth of one; nothing is written or
sent until somebody reads the page.
Labels are few and their values come from diagrams and code, never from messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: a command takes a fraction of a millisecond, a crowded database seconds, and 30 end the process (watchdog)."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, with the time at which it was first counted
REGISTRY = CollectorRegistry()


class Notes(Collector):
    """What is to be counted, noted where every microsecond counts. It is counted before the page is read, or when there is much of it. (Being
    in the registry before all metrics, it is asked before them.)"""

    MOST = 1_000

    def __init__(self) -> None:
        self._noted: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        REGISTRY.register(self)

    def note(self, count: Callable[..., None], *values: Any) -> None:
        """Have ``count(*values)`` called later, once; by any thread. It must not raise."""
        self._noted.append((count, values))
        if len(self._noted) > self.MOST:
            self._count()

    def describe(self) -> Iterable[Metric]:
        """It has no metrics of its own."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Nothing, but all is counted now."""
        self._count()
        return ()

    def _count(self) -> None:
        noted = self._noted
        while noted:
            try:
                count, values = noted.popleft()
            except IndexError:  # another thread has had it
                return
            count(*values)


NOTES = Notes()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def counter(name: str, about: str, *labels: str) -> Counter:
    """A number that only grows. ``name`` without ``bihuan_`` before it and ``_total`` after it."""
    return Counter(f"bihuan_{name}", about, labels, registry=REGISTRY)


def gauge(name: str, about: str, *labels: str) -> Gauge:
    """What is now so much, in this process."""
    return Gauge(f"bihuan_{name}", about, labels, registry=REGISTRY)


def histogram(name: str, about: str, *labels: str, buckets: tuple[float, ...] = BUCKETS) -> Histogram:
    """How often what lasted (or was) how much; ``name`` ends in its unit."""
    return Histogram(f"bihuan_{name}", about, labels, registry=REGISTRY, buckets=buckets)


class Source(Protocol):
    """What is worked out when the page is read (rows in the database); it must answer quickly and never raise."""

    def collect(self) -> Iterable[Metric]:
        """The metrics of this moment."""


class Metrics(Collector):
    """The page of this process: everything in the registry, and what ``sources`` work out."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """All metrics of this moment."""
        yield from REGISTRY.collect()
        for source in self._sources:
            yield from source.collect()

    def page(self) -> bytes:
        """The text that Prometheus reads (exposition formats, text format 0.0.4)."""
        return generate_latest(self)

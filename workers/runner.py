"""The shipped workers: every adapter, ready to be put on a bus.

>>> outbound = Outbound(Systems.standins("http://127.0.0.1:8090"))
>>> Runner(bus, adapters(outbound)).run()  # doctest: +SKIP
"""

from __future__ import annotations

from workers.adapters import Outbound, Systems, channel, hotline, notices, ratings, seven_lists
from workers.kit import Runner, Worker

__all__ = ["Outbound", "Runner", "Systems", "adapters"]


def adapters(outbound: Outbound) -> list[Worker]:
    """A worker for each external system; together they take every topic of the catalogue."""
    makers = (channel.worker, hotline.worker, ratings.worker, seven_lists.worker, notices.worker)
    return [make(outbound) for make in makers]

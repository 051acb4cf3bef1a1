"""The shipped workers: every adapter, ready to be put on a bus.

>>> outbound = Outbound(Systems.standins("http://127.0.0.1:8090"))
>>> Runner(bus, adapters(outbound)).run()  # doctest: +SKIP
"""

from __future__ import annotations

from workers.adapters import Outbound, Systems, boards, channel, connector, hotline, notices, ratings, seven_lists
from workers.kit import Runner, Worker

__all__ = ["Outbound", "Runner", "Systems", "adapters"]


def adapters(outbound: Outbound) -> list[Worker]:
    """A worker for each external system; together they take every topic of the catalogue."""
    modules = (channel, hotline, ratings, seven_lists, boards, notices, connector)
    return [module.worker(outbound) for module in modules]

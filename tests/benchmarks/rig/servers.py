"""The private servers of a bench, on which contenders have a database and a virtual host each."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pika

from tests.benchmarks.rig import cpu, events
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitNode

DURABLE = {"fsync": "on", "full_page_writes": "on", "track_commit_timestamp": "on"}
"""A commit that is not on the disk is no commit: tests may do without, benches not. When a row was committed, some of them ask."""

GROWN = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
"""What a database gets that is more than a test's: with the tests' 64 MB it reads each page anew from the file when it has grown for a while, and
with 1 GB of log it writes whole pages anew every half minute."""

ROOMY = {"vm_memory_high_watermark.absolute": "2GB"}
"""A broker under load holds up to half a gigabyte of its log in memory: with as little as the tests give it, it holds every publisher up for a
second each minute, which is then what a bench measures."""


@dataclass(frozen=True)
class Place:
    """Where one contender works."""

    database_url: str
    amqp_url: str

    def declare(self) -> None:
        """Declare what the bench's programs publish to and consume from."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        events.declare(connection.channel())
        connection.close()

    def purge(self) -> None:
        """Throw away what is in the queues."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        channel = connection.channel()
        for queue in (events.MESSAGES_IN, events.JOBS_QUEUE, events.DONE_QUEUE):
            channel.queue_purge(queue)
        connection.close()


class Servers:
    """``with Servers() as servers``: a PostgreSQL and a RabbitMQ, gone afterwards, and a folder for files and logs."""

    def __init__(self, broker: bool = True) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self._broker = broker

    def __enter__(self) -> Servers:
        self.postgres = PostgresServer.start(options={**DURABLE, **GROWN})
        try:
            self._rabbit = RabbitNode.start(options=ROOMY) if self._broker else None
        except BaseException:
            self.postgres.destroy()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._rabbit is not None:
            self._rabbit.destroy()
        self.postgres.destroy()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def rabbit(self) -> RabbitNode:
        assert self._rabbit is not None
        return self._rabbit

    def place(self, name: str) -> Place:
        """A database and a virtual host of this name, with everything declared."""
        place = Place(self.postgres.create_database(name), self.rabbit.create_vhost(name))
        place.declare()
        return place

    def clocks(self) -> dict[str, list[cpu.Clock]]:
        """The processor time of the servers."""
        return {"RabbitMQ": [cpu.process(self.rabbit.pid)], "PostgreSQL": [cpu.family(self.postgres.pid)]}

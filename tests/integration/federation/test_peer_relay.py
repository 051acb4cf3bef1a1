"""The relay to another deployment's broker: over TLS, in order, patient, and never as anybody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingConnection
from sqlalchemy import func, select

from processes.clock import ManualClock
from processes.messaging.addresses import PEER
from processes.messaging.bus import Address, Message
from processes.messaging.peers import BadPeers, Peer, Peers
from processes.store import peer_outbox
from processes.store.database import Database
from processes.store.tables import PeerMessage
from tests.faults.proxy import Proxy
from tests.integration.bus.transports import PATIENCE, Inbox, eventually, message
from tests.levels.accounts import PASSWORD, open_account
from tests.levels.certificates import Authority, listener
from tests.levels.places import CITY, PROVINCE
from tests.servers import install
from tests.servers.process import free_ports
from tests.servers.rabbit import RabbitNode
from workers.bus.amqp import AmqpBus
from workers.bus.peers import PeerRelay, parameters

pytestmark = [pytest.mark.broker, pytest.mark.slow]


class Province:
    """The province's broker: it takes peers by TLS alone, with certificates of one authority."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "certificates")
        (self.port,) = free_ports(1)
        self.node = RabbitNode.start(options=listener(self.port, self.authority, self.authority.issue("server")))
        open_account(self.node, CITY)
        self.city = self.authority.issue(CITY)

    def peer(self, port: int = 0, **changes: Any) -> Peer:
        """How the city reaches it."""
        url = f"amqps://{CITY}:{PASSWORD}@127.0.0.1:{port or self.port}/%2F"
        made = Peer(PROVINCE, url, self.authority.certificate, self.city.certificate, self.city.key)
        return replace(made, **changes)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    problem = install.ensure(["rabbitmq-server"])
    if problem:
        pytest.skip(problem)
    made = Province(tmp_path_factory.mktemp("province"))
    yield made
    made.node.destroy()


@pytest.fixture
def inbox(province: Province) -> Iterator[Inbox]:
    """What the province's engine hears."""
    heard = Inbox()
    bus = AmqpBus(province.node.url())
    bus.subscribe(Address.INBOX, ["*"], heard)
    bus.start()
    assert bus.wait_connected(PATIENCE)
    yield heard
    bus.stop(5.0)


Send = Callable[..., PeerRelay]


@pytest.fixture
def send(database: Database, clock: ManualClock, province: Province) -> Iterator[Send]:
    """Starts relays that are stopped at the end."""
    made: list[PeerRelay] = []

    def start(peer: Peer | None = None, **options: Any) -> PeerRelay:
        options = {"poll_seconds": 0.02, "publish_seconds": 5.0, "unfold": as_it_is, **options}
        relay = PeerRelay(database, clock, peer or province.peer(), CITY, options.pop("unfold"), **options)
        made.append(relay)
        relay.start()
        return relay

    yield start
    for each in made:
        each.stop(5.0)


def as_it_is(_peer: Peer, one: Message) -> Iterator[Message]:
    yield one


def put(database: Database, clock: ManualClock, *ids: str) -> None:
    with database.write() as connection:
        for each in ids:
            peer_outbox.put(connection, PROVINCE, message(each, {"n": each}, "case.progress"), clock.now())


def left(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(PeerMessage)) or 0


def test_messages_arrive_in_order_from_whom_they_are(
    database: Database, clock: ManualClock, inbox: Inbox, send: Send
) -> None:
    ids = [f"m-{number:03}" for number in range(200)]
    put(database, clock, *ids)
    send()

    heard = inbox.wait(200)
    assert [each.id for each in heard] == ids
    assert {each.extensions[PEER] for each in heard} == {CITY}
    assert heard[0].data == {"n": "m-000"}
    eventually(lambda: left(database) == 0)


def test_what_waits_while_the_link_is_down_leaves_when_it_is_back(
    database: Database, clock: ManualClock, inbox: Inbox, send: Send, province: Province
) -> None:
    link = Proxy([province.port])
    link.refuse = True
    put(database, clock, "m-1", "m-2")
    send(province.peer(link.port))
    send(province.peer(link.port))  # another engine's
    put(database, clock, "m-3")
    assert (inbox.ids, left(database)) == ([], 3)

    link.heal()
    assert [each.id for each in inbox.wait(3)] == ["m-1", "m-2", "m-3"]
    eventually(lambda: left(database) == 0)
    link.close()


def test_a_link_that_breaks_in_the_middle_loses_and_reorders_nothing(
    database: Database, clock: ManualClock, inbox: Inbox, send: Send, province: Province
) -> None:
    link = Proxy([province.port])
    ids = [f"b-{number:03}" for number in range(300)]
    put(database, clock, *ids)
    send(province.peer(link.port))
    inbox.wait(70)
    link.reset()

    eventually(lambda: left(database) == 0 and set(inbox.ids) == set(ids))
    assert list(dict.fromkeys(inbox.ids)) == ids
    link.close()


def test_the_list_of_a_files_parts_leaves_after_its_parts(
    database: Database, clock: ManualClock, inbox: Inbox, send: Send
) -> None:
    def unfold(_peer: Peer, one: Message) -> Iterator[Message]:
        for number in range(100):
            yield replace(one, id=f"{one.id}/{number}", data="x" * 10_000)
        yield one

    put(database, clock, "f-1", "f-2")
    send(unfold=unfold)

    heard = [each.id for each in inbox.wait(202)]
    assert heard.index("f-1") == 100
    assert heard[-1] == "f-2"


def test_what_can_never_be_sent_is_given_up_and_holds_nobody_up(
    database: Database, clock: ManualClock, inbox: Inbox, send: Send
) -> None:
    def unfold(_peer: Peer, one: Message) -> Iterator[Message]:
        if one.id == "bad":
            raise ValueError("no such case")
        yield one

    put(database, clock, "bad", "good")
    send(unfold=unfold)

    assert [each.id for each in inbox.wait(1)] == ["good"]
    eventually(lambda: left(database) == 1)
    with database.read() as connection:
        assert connection.scalars(select(PeerMessage.dead_reason)).one() == "ValueError: no such case"


def test_a_broker_of_another_authority_gets_nothing(
    database: Database, clock: ManualClock, send: Send, province: Province, tmp_path: Path
) -> None:
    put(database, clock, "m-1")
    relay = send(province.peer(ca=Authority(tmp_path / "other").certificate))
    assert not relay._publisher.wait_ready(2.0)
    assert left(database) == 1


def test_the_peers_account_can_speak_as_nobody_else_and_hear_nothing(province: Province, inbox: Inbox) -> None:
    def refused(act: Callable[[Any], object]) -> int:
        connection = BlockingConnection(parameters(province.peer(), CITY))
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            act(channel)
        except pika.exceptions.ChannelClosedByBroker as error:
            return int(error.reply_code)
        finally:
            connection.close()
        return 0

    def publish(key: str, exchange: str = "bihuan.inbox", **headers: str) -> int:
        head = {"ce-specversion": "1.0", "ce-id": "x-1", "ce-type": "case.progress", "ce-source": "/x", **headers}
        properties = pika.BasicProperties(headers=head)
        return refused(lambda channel: channel.basic_publish(exchange, key, json.dumps({}), properties, mandatory=True))

    for key in ("job.completed", "peer.jiaxing", "inbox", "hotline.order"):
        assert publish(key) == 403
    assert publish("inbox", "") == 403
    assert refused(lambda channel: channel.basic_get("inbox")) == 403
    assert refused(lambda channel: channel.queue_declare("mine")) == 403
    assert (
        publish("peer.huzhou", **{"ce-peer": "jiaxing", "bihuan-topic": "peer.jiaxing", "ce-partner": "hotline"}) == 0
    )
    (heard,) = inbox.wait(1)
    assert heard.extensions[PEER] == CITY


# ---- the settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({}, "应有 url"),
        ({"url": "amqp://mq.example/"}, "应是 amqps://"),
        ({"url": "amqps://mq.example/", "version": 3}, "version 应是 1、2 之一"),
        ({"url": "amqps://mq.example/", "ca": "absent.pem"}, "absent.pem 不存在"),
        ({"url": "amqps://mq.example/", "pasword": "x"}, "应有 url，另可有"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_starts(about: dict[str, Any], said: str) -> None:
    with pytest.raises(BadPeers) as refused:
        Peers.of({"name": CITY, "peers": {PROVINCE: about}})
    assert said in refused.value.zh


@pytest.mark.parametrize("name", ["", "Huzhou", "a/b", PROVINCE])
def test_a_deployment_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(BadPeers):
        Peers.of({"name": name, "peers": {PROVINCE: {"url": "amqps://mq.example/"}}})

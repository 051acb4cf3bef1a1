"""Two deployments in one process: everything but the brokers between them, whose part a test plays with its own hands."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row

from processes.casework import attachments, doors
from processes.casework.assembly import Core
from processes.clock import ManualClock
from processes.messaging.addresses import PEER
from processes.messaging.bus import Address, Message
from processes.messaging.contracts import parse_report
from processes.messaging.inlet import Receipt, Status
from processes.messaging.jobs import CATALOGUE
from processes.messaging.peers import Peers
from processes.runtime.commands import CompleteJob
from processes.store import outbox, peer_outbox
from processes.store.database import Database
from processes.store.tables import Base, Case, CaseText, RefusedMessage, UserTask
from tests.levels.places import CITY, PROVINCE

TITLE = "跨省采购的货款被拖欠，请求协调"
BODY = "我公司向外省某集团供货，对方拖欠货款一千二百万元，账户在外省，执行有困难。请逐级协调。"


def peers(name: str, other: str, version: int = 2) -> Peers:
    """What a deployment's configuration says of the other."""
    return Peers.of({"name": name, "peers": {other: {"url": "amqp://127.0.0.1/", "version": version}}})


class Deployment:
    """A deployment: its database and engine, and what a person, a worker and a broker would do with it."""

    def __init__(self, database: Database, clock: ManualClock, known: Peers) -> None:
        self.database, self.clock, self.peers = database, clock, known
        self.core = Core.on(database, clock, known)
        self.inlet = self.core.reception.inlet(lambda partner, type_: True)

    # -- what is there ---------------------------------------------------------------------------------------------------

    def rows(self, table: type[Base], **equal: Any) -> list[Row[Any]]:
        conditions = [getattr(table, name) == value for name, value in equal.items()]
        with self.database.read() as connection:
            return list(connection.execute(select(*table.__table__.c).where(*conditions)).all())

    def row(self, table: type[Base], **equal: Any) -> Row[Any]:
        (row,) = self.rows(table, **equal)
        return row

    def words(self, case: str) -> str:
        """All that was said in a case's course."""
        return "\n".join(row.body for row in self.rows(CaseText, case_id=case))

    # -- people and workers ----------------------------------------------------------------------------------------------

    def report(self, original: str = "hot-1", place: str = "3305", **more: Any) -> str:
        """A problem over the hotline; returns the case's id when its coordinator has to decide where it goes."""
        given = {"id": original, "title": TITLE, "body": BODY, "place": place, "enterprise": "织里锦程服饰有限公司"}
        found = doors.report(self.core.engine, parse_report("hotline", {**given, "phone": "13905720016", **more}))
        self.settle()
        self.do("sign", found.case, outcome="accept")
        self.do("handle", found.case, outcome="cannot", reason="事涉外省，请中心统筹。")
        return found.case

    def task(self, element: str, case: str) -> Row[Any]:
        return self.row(UserTask, element_id=element, case_id=case, state="open")

    def route(self, case: str, **form: Any) -> None:
        """The coordinator decides."""
        self.do("route", case, **form)

    def do(self, element: str, case: str, **form: Any) -> None:
        """Somebody who may completes the open task of an element."""
        task = self.task(element, case)
        person = next(
            duty.person
            for duty in self.core.snapshots.now().reference.duties
            if (duty.role, duty.place) == (task.role, task.place)
            and (task.organisation is None or duty.organisation in (None, task.organisation))
        )
        doors.complete_form(self.core.engine, task.id, form, person)
        self.settle()

    def settle(self) -> None:
        """Deliver what our own broker would, and let the workers do what there is to do."""
        while rows := self._leased():
            for row in rows:
                if row.address == Address.INBOX:
                    self.inlet.receive(row.message)
                elif row.address == Address.JOBS:
                    job = row.message.extensions["jobid"]
                    result = dict(CATALOGUE[row.topic].example_result)
                    self.core.engine.execute(CompleteJob(f"done:{job}", job, result))
            with self.database.write() as connection:
                outbox.done(connection, [row.id for row in rows])

    def _leased(self) -> Sequence[outbox.Leased]:
        now = self.clock.now()
        with self.database.write() as connection:
            return outbox.lease(connection, now, 100, now + timedelta(minutes=1))

    # -- the link --------------------------------------------------------------------------------------------------------

    def leaving(self, other: Deployment) -> list[Message]:
        """What leaves for the other deployment now, as its broker gets it; nothing waits here any more."""
        peer = self.peers.peers[other.peers.name]
        with self.database.read() as connection:
            rows = peer_outbox.oldest(connection, peer.name, 1000)
        found = [message for row in rows for message in self.core.dispatch.unfold(peer, row.message)]
        with self.database.write() as connection:
            peer_outbox.done(connection, [row.id for row in rows])
        return found

    def hear(self, messages: Iterable[Message], peer: str) -> list[Receipt]:
        """Receive messages over the link with a peer: our broker vouches for who sends."""
        found = [self.inlet.receive(replace(each, extensions={**each.extensions, PEER: peer})) for each in messages]
        self.settle()
        return found


class Levels:
    """The city and the province, and the link between them."""

    def __init__(self, city: Deployment, province: Deployment) -> None:
        self.city, self.province = city, province

    def exchange(self) -> None:
        """Carry everything both ways until nothing is left."""
        while True:
            up, down = self.city.leaving(self.province), self.province.leaving(self.city)
            if not up and not down:
                return
            self.province.hear(up, CITY)
            self.city.hear(down, PROVINCE)

    def escalate(self, original: str = "hot-1") -> str:
        """A case of the city's is submitted to the province; nothing has left yet. Returns its id."""
        case = self.city.report(original)
        self.city.route(case, outcome="escalation", reason="被执行人在外省，请省级协调。")
        return case

    def child(self, case: str) -> Row[Any]:
        """The province's case."""
        return self.province.row(Case, parent=case)


def attach(deployment: Deployment, case: str, name: str, body: bytes) -> None:
    with deployment.database.write() as connection:
        attachments.add(connection, case, name, "application/pdf", body, deployment.clock.now())


def content(deployment: Deployment, attachment: str) -> bytes:
    with deployment.database.read() as connection:
        return b"".join(attachments.read(connection, attachment))


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def refused(deployment: Deployment, message: Message, peer: str) -> str:
    """Why a message is refused; it is kept."""
    (receipt,) = deployment.hear([message], peer)
    assert receipt.status is Status.REFUSED
    assert deployment.rows(RefusedMessage)[-1].reason == receipt.reason
    return str(receipt.reason)


def made(levels: Levels, type_: str, key: str, **data: object) -> Message:
    return Message(
        f"forged-{type_}", type_, "bihuan", levels.city.clock.now(), data, extensions={"correlationkey": key}
    )

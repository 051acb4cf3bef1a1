"""The load: partners who send until they are told that it arrived, and a clerk who completes tasks and resolves incidents."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

import httpx
import pika
import pika.exceptions
from sqlalchemy import func, select

from gateway.client import expectations
from gateway.client.player import Play
from gateway.client.scenario import read_folder
from processes.errors import BihuanError
from processes.messaging.bus import Address, Message, NotSent
from processes.store.tables import Instance
from tests.faults.cases import AMQP, HTTP, PARTNER, SOURCE, Case
from tests.faults.clerk import Clerk
from tests.faults.kinds import files
from tests.faults.world import MODELS, World
from tests.tour.effects import doubled
from workers.bus.amqp import AmqpBus

SENDERS, HANDS = 6, 3
"""Partners who send at once, and what a clerk does at once."""

ODD = 3
"""Messages of each kind that nobody can take."""

NO_PROBLEM = {
    "title": "在网店买的羽绒服质量差，要求退款",
    "body": "我上周在网上的一家童装店给孩子买了一件羽绒服，穿了两天就跑绒，联系商家不给退款，请消费者权益部门处理。",
    "place": "330502",
}
"""A consumer's complaint: refused by the collection standard."""

WHIM = 20.0
"""Seconds for which an accepted message is sent again at most."""

PAUSE, LOOK = 0.2, 0.15
"""Seconds between two tries of a partner, and between two looks of the clerk."""

PATIENCE = 300.0
"""Seconds that a step of a real problem may take under fire."""


class Load:
    """Brings cases into a world. ``problems``: real ones that are played through the stand-ins beside them; ``oddities``:
    messages that nobody can take; ``models``: an operator deploys and loads meanwhile."""

    def __init__(
        self,
        world: World,
        trial: str,
        cases: Sequence[Case],
        *,
        problems: int = 0,
        oddities: bool = False,
        models: bool = False,
    ) -> None:
        self.world, self.trial, self.cases = world, trial, list(cases)
        self.problems = problems
        self.accepted: dict[str, str] = {}
        """message id → what its sender was told at last"""
        self.wrong: list[str] = []
        """what the outside was told that it should not have been"""
        self.garbage: list[str] = []
        self.no_jobs: list[str] = []
        """garbage that went to workers"""
        self.told_duplicate = 0
        self._oddities = oddities
        self.models = models
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._at_work = threading.Thread(target=self._work_as_clerk, name="clerk", daemon=True)
        self._heralded = not any(case.kind.name == "herald" for case in cases)
        self._token = world.secrets["partners"][PARTNER]
        self._http = httpx.Client(timeout=httpx.Timeout(30.0, connect=3.0), trust_env=False)
        self.clerk = Clerk(world, self.bounds, self._http)
        self._bus: AmqpBus | None = None
        self._log = (world.folder / "driver.jsonl").open("a", encoding="utf-8")

    @property
    def bounds(self) -> tuple[str, str]:
        """Keys of this trial's cases are from the first (inclusive) to the second."""
        return f"{self.trial}-", f"{self.trial}."

    # -- going ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to send."""
        if any(case.door == AMQP for case in self.cases):
            url = self.world.nodes[0].url()
            if self.world.broker_proxy is not None:
                url = url.replace(f":{self.world.nodes[0].port}/", f":{self.world.broker_proxy.port}/")
            self._bus = AmqpBus(url, name="partner", publish_seconds=5.0)
        for case in self.cases:
            if case.kind.name != "herald":
                self._queue.put(lambda case=case: self._send(case))  # type: ignore[misc]
        if self._oddities:
            for number in range(ODD):
                self._queue.put(lambda number=number: self._send_what_is_refused(number))  # type: ignore[misc]
            self._queue.put(self._report_a_row)
            self._queue.put(self._send_again_from_quarantine)
            if self._bus is not None:
                for number in range(ODD):
                    self._queue.put(lambda number=number: self._send_garbage(number))  # type: ignore[misc]
            self._queue.put(self._look_after_the_dead)
        if self.models:
            self._queue.put(self._change_models)
        workers = [threading.Thread(target=self._drain, name=f"partner-{n}", daemon=True) for n in range(SENDERS)]
        if self.problems:
            workers.append(threading.Thread(target=self._play, name="problems", daemon=True))
        self._threads = workers
        for each in (*workers, self._at_work):
            each.start()

    @property
    def all_sent(self) -> bool:
        """Whether everybody has been told that everything arrived."""
        return not any(each.is_alive() for each in self._threads) and self._heralded

    @property
    def progress(self) -> int:
        """Grows with everything that the outside was told."""
        return len(self.accepted) + len(self.clerk.done) + self.told_duplicate

    def close(self) -> None:
        """Stop."""
        self._stopping.set()
        for each in (*self._threads, self._at_work):
            each.join(30)
        self._http.close()
        if self._bus is not None:
            self._bus.stop(5.0)
        self._log.close()

    def _drain(self) -> None:
        while not self._stopping.is_set():
            try:
                self._queue.get_nowait()()
            except Empty:
                return

    # -- partners ------------------------------------------------------------------------------------------------------

    def _send(self, case: Case) -> None:
        begin = ("start", "seven-lists.accepted", {"case": case.key, "reference": case.key})
        if case.door == AMQP:
            begin = ("start", case.kind.started_by, {"case": case.key})
        stages = [(stage, "seven-lists.stage", {"case": case.key, "stage": stage}) for stage in case.kind.messages]
        order = [*stages, begin] if case.early else [begin, *stages]
        for (what, type_, data), again in zip(order, case.twice, strict=True):
            id_ = f"{case.key}:{what}"
            by_http = what != "start" or case.door == HTTP
            for _ in range(2 if again else 1):
                if by_http:
                    self._post(id_, type_, data)
                else:
                    self._publish(id_, type_, data, case.key)

    def _post(self, id_: str, type_: str, data: Mapping[str, Any], final: Sequence[int] = (200, 202)) -> None:
        """As a real partner: the same message until the platform says that it has it."""
        event = {"specversion": "1.0", "id": id_, "type": type_, "source": SOURCE, "time": _now(), "data": data}
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/cloudevents+json"}
        # A second sending is a whim: what has been accepted need not be sent again for ever.
        until = time.monotonic() + (WHIM if id_ in self.accepted else math.inf)
        while not self._stopping.is_set() and time.monotonic() < until:
            try:
                answer = self._http.post(f"{self.world.url}/api/messages", json=event, headers=headers)
            except httpx.TransportError:
                self._stopping.wait(PAUSE)
                continue
            if answer.status_code in final:
                self._note(id_, str(answer.json().get("status")))
                return
            if answer.status_code < 500:
                self.wrong.append(f"{id_}: answered {answer.status_code} {answer.text[:200]}")
                return
            self._stopping.wait(PAUSE)

    def _publish(self, id_: str, type_: str, data: Mapping[str, Any], key: str) -> None:
        assert self._bus is not None
        message = Message(id_, type_, SOURCE, datetime.now(UTC), dict(data), extensions={"correlationkey": key})
        while not self._stopping.is_set():
            try:
                self._bus.send(Address.INBOX, type_, message)
            except NotSent:
                self._stopping.wait(PAUSE)
            else:
                self._note(id_, "confirmed")
                return

    def _note(self, id_: str, answer: str) -> None:
        with self._lock:
            if answer == "duplicate":
                self.told_duplicate += 1
            self.accepted.setdefault(id_, answer)
            self._log.write(json.dumps({"id": id_, "answer": answer}) + "\n")
            self._log.flush()

    def _send_what_is_refused(self, number: int) -> None:
        """Nobody knows this kind of message: it must be kept, with the reason."""
        self._post(f"{self.trial}-refused-{number}", "faults.unknown", {}, final=(422,))

    def _send_again_from_quarantine(self) -> None:
        """An operator has a refused message sent again, until he is told what came of it: it is refused again."""
        self._send_what_is_refused(ODD)
        headers = {"Authorization": f"Bearer {self.world.secrets['operator']}"}
        address, wanted = f"{self.world.url}/api/quarantine", {"type": "faults.unknown", "limit": 500}
        while not self._stopping.is_set():
            try:
                listed = self._http.get(address, params=wanted, headers=headers)
                listed.raise_for_status()
                mine = [
                    each for each in listed.json()["quarantine"] if each["message_id"] == f"{self.trial}-refused-{ODD}"
                ]
                entry = mine[0]["id"]
                answer = self._http.post(f"{address}/{entry}/resend", json={"key": self.trial}, headers=headers)
                answer.raise_for_status()
            except httpx.HTTPError:
                self._stopping.wait(PAUSE)
                continue
            if answer.json()["status"] != "refused":
                self.wrong.append(f"sent again from quarantine: {answer.text[:200]}")
            return

    def _report_a_row(self) -> None:
        """A report as a row of a file, of a kind that is turned away at once."""
        api = self.world.api()
        (outcome,) = api.report("hotline", [{"id": f"{self.trial}-row", **NO_PROBLEM}])
        api.close()
        if "refused" not in (outcome["outcome"], outcome.get("state")):
            self.wrong.append(f"{self.trial}-row: {outcome}")

    def _change_models(self) -> None:
        """Deploy the diagrams and load the reference data once more, as an operator who does not know whether it worked."""
        api, reference = self.world.api(), MODELS / "reference"
        loaded = {file.relative_to(reference).as_posix(): file.read_bytes() for file in reference.rglob("*.csv")}
        api.upload("/api/deploy", files(self.world.mix), {})
        api.upload("/api/reference", loaded, {})
        api.close()

    def _send_garbage(self, number: int) -> None:
        """No CloudEvent: to the platform it must end in the quarantine, as a job among the dead letters."""
        for exchange, key, sent in (
            ("bihuan.inbox", "garbage", self.garbage),
            ("bihuan.jobs", "notice.send", self.no_jobs),
        ):
            id_ = f"garbage-{self.trial}-{key}-{number}"
            sent.append(id_)
            self._publish_raw(exchange, key, id_, b"[")

    def _publish_raw(self, exchange: str, key: str, id_: str, body: bytes) -> None:
        """As a stranger with a client of his own, until the broker has it."""
        while not self._stopping.is_set():
            try:
                connection = pika.BlockingConnection(self.world.amqp())
                channel = connection.channel()
                channel.confirm_delivery()
                properties = pika.BasicProperties(message_id=id_, content_type="application/json", delivery_mode=2)
                channel.basic_publish(exchange, key, body, properties, mandatory=True)
                connection.close()
            except (pika.exceptions.AMQPError, OSError):
                self._stopping.wait(PAUSE)
            else:
                return

    def _look_after_the_dead(self) -> None:
        """An operator puts back what lies dead: with a broker a message that nobody can take, which is refused then and kept."""
        api, id_ = self.world.api(), f"garbage-{self.trial}-put-back"
        if self._bus is None:
            api.post("/api/dead-letters/replay", {"all": True})
        else:
            event = {"specversion": "1.0", "id": id_, "type": "faults.unknown", "source": SOURCE, "partner": PARTNER}
            self._publish_raw("bihuan.dead", "inbox", id_, json.dumps(event).encode())
        while self._bus is not None and not self._stopping.is_set():
            letters = api.get("/api/dead-letters", limit=500)["dead_letters"]
            found = [each["id"] for each in letters if each["message"]["id"] == id_]
            if not found:
                break
            api.post("/api/dead-letters/replay", {"ids": found})
        api.close()

    # -- real problems -------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        scenario = next(each for each in read_folder(MODELS / "scenarios") if each.name == "simple")
        api, outside = self.world.api(), self.world.outside()
        for number in range(1, self.problems + 1):
            play = Play(api, scenario, f"{self.trial}-problem-{number}", outside, self.world.clock, patience=PATIENCE)
            play.sleep = self._rest
            play.now = lambda: math.inf if self._stopping.is_set() else time.monotonic()
            try:
                family = play.run()
                self.wrong += [
                    f"{play.key}: {each}"
                    for each in (*expectations.differences(scenario.expect, family), *doubled(play, family))
                ]
            except BihuanError as error:
                self.wrong.append(f"{play.key}: {error.en}")
            with self._lock:
                self.accepted[play.key] = "closed"
        api.close()
        outside.close()

    def _rest(self, seconds: float) -> None:
        self._stopping.wait(max(seconds, PAUSE))

    # -- the clerk -----------------------------------------------------------------------------------------------------

    def _work_as_clerk(self) -> None:
        with ThreadPoolExecutor(HANDS, thread_name_prefix="clerk") as hands:
            while not self._stopping.wait(LOOK):
                self.clerk.look(hands)
                self._herald()

    def _herald(self) -> None:
        """Once everybody who waits for the signal does so, it is thrown."""
        if self._heralded or any(each.is_alive() for each in self._threads if each.name.startswith("partner")):
            return
        waiting = [case for case in self.cases if case.kind.name == "signal"]
        low, high = self.bounds
        statement = (
            select(func.count())
            .select_from(Instance)
            .where(Instance.process_id == "faults_signal", Instance.key >= low, Instance.key < high)
        )
        try:
            with self.world.observed.read() as connection:
                there = connection.execute(statement).scalar_one()
        except Exception:
            return
        if there >= len(waiting):
            for case in self.cases:
                if case.kind.name == "herald":
                    self._send(case)
            self._heralded = True


def _now() -> str:
    return datetime.now(UTC).isoformat()

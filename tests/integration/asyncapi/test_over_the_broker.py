"""A stranger with an AMQP client and the document alone takes part: every example is sent as it stands there, and has its effect."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from sqlalchemy import insert, select, update

from cli.platform import Platform
from cli.settings import MODELS, Settings
from processes.messaging.asyncapi import document
from processes.runtime.commands import Cancel, Start
from processes.store.tables import (
    Base,
    BufferedMessage,
    Case,
    Incident,
    Instance,
    Job,
    Note,
    RefusedMessage,
    Report,
    UserTask,
)
from tests.asyncapi.reading import Example, at, channels_of, examples, fits_message
from tests.diagrams import definitions, element, end, path, process, start
from tests.integration.bus.transports import eventually
from tests.servers.rabbit import RabbitNode

pytestmark = pytest.mark.broker

DOCUMENT = document("1.2.3")
EXAMPLES = {each.key: each for each in examples(DOCUMENT)}

CASE_MESSAGES = (
    "rating.given.v1",
    "supplement.answered.v1",
    "seven-lists.accepted.v1",
    "seven-lists.rejected.v1",
    "seven-lists.stage.v1",
    "hotline.extension-ruled.v1",
    "rating.reviewed.v1",
    "board.accepted.v1",
    "board.progress.v1",
    "board.result.v1",
    "board.returned.v1",
    "case.progress.v1",
    "case.answered.v1",
    "case.returned.v1",
    "case.withdrawn.v1",
)
FROM_PEERS = ("case.escalated.v2", "case.blanked.v1", "case.file.part.v1", "case.file.wanted.v1")
"""what only another deployment sends; tests/integration/federation sends these examples as one"""
ANSWERS = [key for key in EXAMPLES if EXAMPLES[key].headers["ce-type"].startswith("job.")]


class Stranger:
    """A client that knows the document, and nothing else."""

    def __init__(self, channel: BlockingChannel) -> None:
        self.channel = channel
        channel.confirm_delivery()

    def publish(self, example: Example, reply_to: str | None = None) -> None:
        """Send an example as the document shows it; returns when the broker has confirmed."""
        (exchange,) = {
            each["bindings"]["amqp"]["exchange"]["name"]
            for each in channels_of(DOCUMENT, example.key)
            if each["bindings"]["amqp"]["is"] == "routingKey"
        }
        properties = pika.BasicProperties(
            content_type=example.message["contentType"], headers=example.headers, delivery_mode=2, reply_to=reply_to
        )
        body = json.dumps(example.payload).encode()
        self.channel.basic_publish(exchange, example.routing_key, body, properties, mandatory=True)

    def wait(self, running: Running) -> None:
        """Return when all that was sent before has been handled: messages are taken in their order, and this one is refused."""
        self.publish(EXAMPLES["job.failed.v1"])
        running.refused(EXAMPLES["job.failed.v1"].headers["ce-id"])

    def take(self, topic: str) -> Example:
        """The next job of a topic, off the queue that the document names; it must fit what the document says of it."""
        binding = at(DOCUMENT, DOCUMENT["operations"][f"send.{topic}"]["channel"])["bindings"]["amqp"]
        return self.hear(binding["queue"]["name"], f"send.{topic}")

    def _get(self, queue: str) -> tuple[dict[str, Any], Any] | None:
        method, properties, body = self.channel.basic_get(queue, auto_ack=True)
        if method is None:
            return None
        assert properties.content_type == DOCUMENT["defaultContentType"]
        assert properties.delivery_mode == 2
        return properties.headers, json.loads(body)

    def hear(self, queue: str, operation: str) -> Example:
        """The next message of a queue, which must fit the message of an operation."""
        headers, payload = eventually(lambda: self._get(queue))
        key = DOCUMENT["operations"][operation]["messages"][0]["$ref"].rpartition("/")[2]
        message = DOCUMENT["components"]["messages"][key]
        assert fits_message(message, headers, payload)
        return Example(key, message, headers, payload)


class Running:
    """A platform whose engine is on the broker and whose workers are nobody."""

    def __init__(self, platform: Platform) -> None:
        self.engine = platform.core.engine
        self.database = platform.core.database

    def rows(self, table: type[Base]) -> list[Any]:
        """All rows of a table."""
        with self.database.read() as connection:
            return list(connection.execute(select(table.__table__)))

    def becomes_the_examples(self, case: Any, example: Example) -> None:
        """A case is from now on the one of which an example's sender may speak: of its number and channel, with what it was asked."""
        now, board = self.engine.clock.now(), example.payload.get("board")
        topic = "board.order" if board else "seven-lists.transfer"
        channel = {"ratings": "rating"}.get(example.headers["ce-partner"], "hotline")
        asked = {
            "id": "asked",
            "instance_id": case.instance_id,
            "element_id": "asked",
            "topic": topic,
            "state": "failed",
        }
        asked |= {"arguments": {"board": board}, "available_at": now, "created_at": now}
        with self.database.write() as connection:
            connection.execute(update(Case).where(Case.id == case.id).values(number=example.payload["case"]))
            connection.execute(update(Report).where(Report.id == case.report_id).values(channel=channel))
            connection.execute(insert(Job), [asked])

    def refused(self, id_: str) -> str:
        """Why the message of this id was refused, once it was."""

        def reason() -> str | None:
            rows = [row for row in self.rows(RefusedMessage) if row.message_id == id_]
            return rows[0].reason if rows else None

        return str(eventually(reason))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with models and reference data, copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    platform = Platform(Settings.read({"DATA": str(folder)}))
    platform.core.seed(MODELS)
    platform.stop()
    return folder / "bihuan.db"


@contextmanager
def started(template: Path, folder: Path, amqp_url: str) -> Iterator[Running]:
    """The engine's process as ``app.py engine`` puts it together."""
    shutil.copy(template, folder / "bihuan.db")
    platform = Platform(Settings.read({"DATA": str(folder), "AMQP_URL": amqp_url}))
    platform.start_engine(with_workers=False, systems_url=None)
    eventually(lambda: [each for each in platform.health.look().parts if each.name == "broker" and not each.reason])
    yield Running(platform)
    platform.stop()


@contextmanager
def connected(amqp_url: str) -> Iterator[Stranger]:
    """Somebody else's connection."""
    connection = BlockingConnection(pika.URLParameters(amqp_url))
    yield Stranger(connection.channel())
    if connection.is_open:
        connection.close()


@pytest.fixture
def running(template: Path, tmp_path: Path, amqp_url: str) -> Iterator[Running]:
    with started(template, tmp_path, amqp_url) as found:
        yield found


@pytest.fixture
def stranger(running: Running, amqp_url: str) -> Iterator[Stranger]:
    with connected(amqp_url) as found:
        yield found


@pytest.fixture(scope="module")
def door(
    template: Path, tmp_path_factory: pytest.TempPathFactory, rabbit: RabbitNode
) -> Iterator[tuple[Running, Stranger]]:
    """A platform and a stranger for all that is refused: it has no effect, so that one does for all of it."""
    url = rabbit.create_vhost(f"door-{uuid.uuid4().hex}")
    with started(template, tmp_path_factory.mktemp("door"), url) as running, connected(url) as stranger:
        yield running, stranger


def with_headers(example: Example, **attributes: str) -> Example:
    """The example with other attributes."""
    return replace(example, headers={**example.headers, **{f"ce-{name}": value for name, value in attributes.items()}})


def anew(example: Example) -> Example:
    """The example as a message of its own, with an id that no other has."""
    return with_headers(example, id=str(uuid.uuid4()))


def test_what_the_document_names_is_on_the_broker_as_it_says(running: Running, stranger: Stranger) -> None:
    for channel in DOCUMENT["channels"].values():
        binding = channel["bindings"]["amqp"]
        if binding["is"] == "queue":
            stranger.channel.queue_declare(binding["queue"]["name"], passive=True)
            stranger.channel.basic_publish(binding["x-exchange"], binding["x-routing-key"], b"{}", mandatory=True)
            assert eventually(lambda name=binding["queue"]["name"]: stranger.channel.basic_get(name, auto_ack=True)[0])
        elif binding["exchange"]["type"] != "default":
            exchange = binding["exchange"]
            # With other arguments than it has, the broker would close the channel.
            stranger.channel.exchange_declare(
                exchange["name"], exchange["type"], durable=exchange["durable"], auto_delete=exchange["autoDelete"]
            )
            if "x-queue" in binding:
                stranger.channel.queue_declare(binding["x-queue"], passive=True)


def test_a_report_makes_one_case_however_often_it_is_sent(running: Running, stranger: Stranger) -> None:
    order = EXAMPLES["order.v1"]
    stranger.publish(order)
    stranger.publish(order)
    (case,) = eventually(lambda: running.rows(Case))
    (report,) = running.rows(Report)
    assert (report.channel, report.original) == ("hotline", order.payload["id"])
    stranger.wait(running)
    assert [row.id for row in running.rows(Case)] == [case.id]


def test_a_withdrawal_reaches_the_case_that_the_report_made(running: Running, stranger: Stranger) -> None:
    stranger.publish(EXAMPLES["order.v1"])
    (case,) = eventually(lambda: running.rows(Case))
    stranger.publish(EXAMPLES["withdrawal.requested.v1"])
    eventually(lambda: [row for row in running.rows(Case) if row.status == "企业已撤回" and row.id == case.id])
    assert running.rows(RefusedMessage) == []


def test_a_work_order_that_comes_again_in_a_new_round_is_another_case(running: Running, stranger: Stranger) -> None:
    order = EXAMPLES["hotline.order.v2"]
    again = replace(with_headers(order, id="second-round"), payload={**order.payload, "round": 2})
    for each in (order, order, again, again):
        stranger.publish(each)
    eventually(lambda: len(running.rows(Case)) == 2)
    stranger.wait(running)
    number = order.payload["task_number"]
    assert [row.original for row in running.rows(Report)] == [number, f"{number}（第2次派发）"]


def test_an_urging_reaches_whoever_has_the_case_now(running: Running, stranger: Stranger) -> None:
    stranger.publish(EXAMPLES["order.v1"])
    eventually(lambda: running.rows(UserTask))
    stranger.publish(EXAMPLES["hotline.urged.v1"])
    (notice,) = eventually(lambda: running.rows(Note))
    (task,) = running.rows(UserTask)
    assert (notice.kind, notice.recipient["role"]) == ("urging", task.role)
    job = stranger.take("notice.send")
    assert job.payload["text"] == EXAMPLES["hotline.urged.v1"].payload["reason"]


@pytest.mark.parametrize("key", ["hotline.urged.v1", "hotline.called-back.v1"])
def test_what_is_for_an_open_case_is_refused_when_there_is_none(door: tuple[Running, Stranger], key: str) -> None:
    running, stranger = door
    example = anew(EXAMPLES[key])
    stranger.publish(example)
    assert "没有对应的问题" in running.refused(example.headers["ce-id"])


@pytest.mark.parametrize("key", [each for each in CASE_MESSAGES if "ce-partner" in EXAMPLES[each].headers])
def test_what_is_no_partners_case_is_refused_and_its_sender_is_told(door: tuple[Running, Stranger], key: str) -> None:
    running, stranger = door
    example, mine = anew(EXAMPLES[key]), f"refusals-{key}"
    stranger.channel.queue_declare(mine, exclusive=True)
    stranger.publish(example, reply_to=mine)
    told = stranger.hear(mine, "send.message.refused")
    partner = example.headers["ce-partner"]
    assert told.payload["reason"] == f"case：{example.payload['case']} 没有对应的问题，或者不归 {partner} 来信"
    assert running.rows(BufferedMessage) == []


@pytest.mark.parametrize("key", CASE_MESSAGES)
def test_a_message_of_a_case_that_does_not_wait_for_it_yet_is_kept_once(
    running: Running, stranger: Stranger, key: str
) -> None:
    example = EXAMPLES[key]
    if "ce-partner" in example.headers:
        stranger.publish(EXAMPLES["order.v1"])
        running.becomes_the_examples(eventually(lambda: running.rows(Case))[0], example)
    stranger.publish(example)
    stranger.publish(example)
    stranger.wait(running)
    (kept,) = running.rows(BufferedMessage)
    assert kept.message == example.headers["ce-type"]
    of_order = [example.payload[name] for name in ("board", "reference") if "board" in example.payload]
    case = example.payload.get("case", example.headers.get("ce-correlationkey"))
    assert kept.key == "/".join([case, *of_order])
    words = {name for name, field in example.message["payload"]["properties"].items() if "maxLength" in field}
    for name in example.payload.keys() - words:
        assert kept.payload[name] == example.payload[name]
    assert len(running.rows(RefusedMessage)) == 1, "only that by which the end was known"


def test_an_escalation_starts_the_superior_places_process(running: Running, stranger: Stranger) -> None:
    stranger.publish(EXAMPLES["order.v1"])
    escalated = EXAMPLES["case.escalated.v1"]
    stranger.publish(escalated)
    (child,) = eventually(lambda: [row for row in running.rows(Case) if row.parent])
    assert (child.report_id, child.parent) == (escalated.payload["report"], escalated.payload["parent"])
    (instance,) = [row for row in running.rows(Instance) if row.id == child.instance_id]
    assert (instance.process_id, instance.place, instance.key) == ("superior", "330500", child.number)
    stranger.publish(EXAMPLES["case.withdrawn.v1"])
    eventually(lambda: [row for row in running.rows(Case) if row.id == child.id and row.closed_at])
    assert running.rows(RefusedMessage) == []


@pytest.mark.parametrize("key", ANSWERS)
def test_an_answer_to_a_job_that_never_was_is_refused(door: tuple[Running, Stranger], key: str) -> None:
    running, stranger = door
    example = anew(EXAMPLES[key])
    stranger.publish(example)
    assert running.refused(example.headers["ce-id"]) == f"没有任务 {example.headers['ce-jobid']}"


# ---- refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "order.v1",
        "hotline.order.v2",
        "rating.order.v2",
        "case.escalated.v1",
        *CASE_MESSAGES,
        "withdrawal.requested.v1",
        "hotline.urged.v1",
        "hotline.called-back.v1",
    ],
)
def test_an_example_without_what_is_required_is_refused_and_has_no_effect(
    door: tuple[Running, Stranger], key: str
) -> None:
    running, stranger = door
    example = anew(EXAMPLES[key])
    schema = example.message["payload"]
    wanted = {*schema["required"], *(name for each in schema.get("anyOf", ()) for name in each["required"])}
    headers = {name: value for name, value in example.headers.items() if name != "ce-correlationkey"}
    payload = {name: value for name, value in example.payload.items() if name not in wanted}
    broken = replace(example, headers=headers, payload=payload)
    assert not fits_message(broken.message, broken.headers, broken.payload)
    stranger.publish(broken)
    assert "不符合约定" in running.refused(example.headers["ce-id"])
    assert [running.rows(table) for table in (Case, Instance, BufferedMessage)] == [[], [], []]


@pytest.mark.parametrize("key", ["job.completed.v1", "case.answered.v1"])
def test_what_is_the_platforms_own_is_refused_from_a_partner(door: tuple[Running, Stranger], key: str) -> None:
    running, stranger = door
    forged = with_headers(anew(EXAMPLES[key]), partner="hotline")
    assert fits_message(forged.message, forged.headers, forged.payload) == (key == "job.completed.v1"), (
        "of a topic given"
    )
    stranger.publish(forged)
    assert "无权发送" in running.refused(forged.headers["ce-id"])


@pytest.mark.parametrize("key", FROM_PEERS)
def test_what_only_another_deployment_sends_is_refused_from_anybody_else(
    door: tuple[Running, Stranger], key: str
) -> None:
    running, stranger = door
    example = anew(EXAMPLES[key])
    stranger.publish(example)
    assert "无权发送" in running.refused(example.headers["ce-id"])


def test_a_result_from_who_is_not_the_boards_system_is_refused(door: tuple[Running, Stranger]) -> None:
    running, stranger = door
    example = with_headers(anew(EXAMPLES["board.result.v1"]), partner="ratings")
    stranger.publish(example)
    assert "不是板块 330502.data 的业务系统" in running.refused(example.headers["ce-id"])
    assert running.rows(BufferedMessage) == []


def test_a_report_over_somebody_elses_channel_is_refused(door: tuple[Running, Stranger]) -> None:
    running, stranger = door
    example = with_headers(anew(EXAMPLES["order.v1"]), partner="ratings")
    stranger.publish(example)
    assert "无权发送" in running.refused(example.headers["ce-id"])


# ---- a worker ------------------------------------------------------------------------------------------------------------

ENDINGS = {"completed": "done", "failed": "failed", "error": "failed"}
"""how the answer ends → the state of the job's row"""


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_worker_by_the_document_takes_a_job_and_answers_it(running: Running, stranger: Stranger, ending: str) -> None:
    stranger.publish(EXAMPLES["order.v1"])
    job = stranger.take("channel.progress")
    assert job.payload["original"] == EXAMPLES["order.v1"].payload["id"]

    replies = at(DOCUMENT, DOCUMENT["operations"]["send.channel.progress"]["reply"]["channel"])["messages"]
    key = next(each for each in replies if EXAMPLES[each].headers["ce-type"] == f"job.{ending}")
    answer = with_headers(EXAMPLES[key], jobid=job.headers["ce-jobid"])
    if ending == "failed":
        answer = replace(answer, payload={**answer.payload, "final": True})
    stranger.publish(answer)

    (row,) = eventually(lambda: [each for each in running.rows(Job) if each.state != "open"])
    assert (row.id, row.state) == (job.headers["ce-jobid"], ENDINGS[ending])
    assert running.rows(RefusedMessage) == []
    assert len(running.rows(Incident)) == (ending != "completed")


def test_the_sender_of_what_does_not_fit_hears_why_in_the_queue_it_named(running: Running, stranger: Stranger) -> None:
    stranger.channel.queue_declare("my-refusals", exclusive=True)
    properties = pika.BasicProperties(content_type="application/json", reply_to="my-refusals", correlation_id="c-1")
    stranger.channel.basic_publish("bihuan.inbox", "rating.given", b"{", properties, mandatory=True)
    told = stranger.hear("my-refusals", "send.message.refused")
    assert told.headers["ce-correlationkey"] == "c-1"
    assert "CloudEvent" in told.payload["reason_en"]
    (kept,) = running.rows(RefusedMessage)
    assert (kept.id, kept.body) == (told.payload["entry"], b"{")


# ---- a listener ----------------------------------------------------------------------------------------------------------


def test_a_listener_by_the_document_hears_a_signal(running: Running, stranger: Stranger) -> None:
    channel = DOCUMENT["channels"]["signals"]
    stranger.channel.queue_declare("mine", exclusive=True)
    routing_key = channel["address"].replace("{name}", "calendar loaded")
    stranger.channel.queue_bind("mine", channel["bindings"]["amqp"]["exchange"]["name"], routing_key)
    thrown = element("intermediateThrowEvent", "tell", '<bpmn:signalEventDefinition signalRef="S"/>')
    telling = process("telling", start(), thrown, end(), path("start", "tell", "end"))
    running.engine.deploy({"telling.bpmn": definitions('<bpmn:signal id="S" name="calendar loaded"/>', telling)})

    running.engine.execute(Start("start-1", "telling"))

    assert stranger.hear("mine", "send.signals").headers["ce-type"] == routing_key


def test_a_listener_by_the_document_hears_what_happens_to_a_case(running: Running, stranger: Stranger) -> None:
    heard = {"case.opened": "opened", "case.stage": "stages", "case.closed": "closed"}
    for type_, queue in heard.items():
        channel = DOCUMENT["channels"][type_]
        stranger.channel.queue_declare(queue, exclusive=True)
        stranger.channel.queue_bind(queue, channel["bindings"]["amqp"]["exchange"]["name"], channel["address"])
    stranger.publish(EXAMPLES["order.v1"])
    (case,) = eventually(lambda: running.rows(Case))

    opened = stranger.hear("opened", "send.case.opened")
    assert (opened.headers["ce-subject"], opened.payload) == (case.number, {"number": case.number, "place": case.place})
    assert stranger.hear("stages", "send.case.stage").payload["stage"] == "intake"
    running.engine.execute(Cancel("cancel-1", case.instance_id))
    assert stranger.hear("closed", "send.case.closed").payload["number"] == case.number

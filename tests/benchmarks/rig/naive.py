"""The naive way over the same broker and database: SpiffWorkflow as its documentation shows it, one command a transaction::

    python -m tests.benchmarks.rig.naive --amqp-url amqp://… --database-url postgresql://…

The way of the yardstick ``naive.py``, whose parser and serialiser it uses: for every message read the whole state as JSON, restore, apply, run,
write it back, commit. Like the bare pipeline it is single threaded and event driven, publishes after the commit and acknowledges after the confirm.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import psycopg

from tests.benchmarks.rig import events
from tests.benchmarks.rig.link import Link

BASELINES = Path(__file__).resolve().parents[4] / "shared" / "baselines"
MODEL = Path(__file__).with_name("model.bpmn")
SOURCE = "/bench/naive"

TABLE = "create table if not exists naive_instance(id text primary key, version int, state text, done bool)"


class Engine:
    """Starts an instance for an order, completes its job with the worker's result, and tells that it is done."""

    def __init__(self, amqp_url: str, database_url: str) -> None:
        from SpiffWorkflow.bpmn.util.event import BpmnEvent
        from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
        from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition

        sys.path.insert(0, str(BASELINES))
        yardstick = importlib.import_module("naive")
        self._external, self._serializer = yardstick.ExternalServiceTask, yardstick.SERIALIZER
        parser = yardstick.Parser()
        parser.add_bpmn_str(MODEL.read_bytes())
        spec, called = parser.get_spec("bench"), parser.get_subprocess_specs("bench")
        self._workflow = lambda: BpmnWorkflow(spec, called)
        self._placed = lambda order: BpmnEvent(MessageEventDefinition(events.ORDER_PLACED), order)
        self._database = psycopg.connect(database_url)
        self._database.execute(TABLE)
        self._database.commit()
        self.link = Link(amqp_url, self._ready)

    def _ready(self) -> None:
        self.link.consume(events.MESSAGES_IN, self._message)
        print("engine ready", flush=True)

    def _message(self, tag: int, properties: Any, body: bytes) -> None:
        said = properties.headers
        if said["ce-type"] == events.ORDER_PLACED:
            self._start(tag, orjson.loads(body))
        else:
            self._complete(tag, said["ce-jobid"], orjson.loads(body)["result"])

    def _start(self, tag: int, order: Any) -> None:
        workflow = self._workflow()
        workflow.do_engine_steps()
        workflow.send_event(self._placed(order))
        workflow.do_engine_steps()
        job, identity = self._job(workflow), str(uuid4())
        with self._database.transaction():
            state = self._serializer.serialize_json(workflow)
            self._database.execute("insert into naive_instance values (%s, 0, %s, false)", (identity, state))
        self._send(tag, events.JOBS, events.TOPIC, job.internal_data["job"], f"{identity}:job", jobid=identity)

    def _complete(self, tag: int, identity: str, result: Any) -> None:
        with self._database.transaction():
            found = self._database.execute(
                "select version, state from naive_instance where id = %s", (identity,)
            ).fetchone()
            assert found is not None
            version, state = found
            workflow = self._serializer.deserialize_json(state)
            job = self._job(workflow)
            job.internal_data.pop("job")
            job.data[job.task_spec.result_variable] = result
            job.complete()
            workflow.do_engine_steps()
            changed = self._database.execute(
                "update naive_instance set version = version + 1, state = %s, done = %s where id = %s and version = %s",
                (self._serializer.serialize_json(workflow), workflow.is_completed(), identity, version),
            )
            assert changed.rowcount == 1
        # The library does nothing at a signal end event: what it should throw is sent here.
        number = workflow.last_task.data["order"]["number"]
        self._send(tag, events.EVENTS, events.SIGNAL_DONE, {"number": number}, f"{identity}:done")

    def _job(self, workflow: Any) -> Any:
        from SpiffWorkflow.util.task import TaskState

        (job,) = [
            each for each in workflow.get_tasks(state=TaskState.STARTED) if isinstance(each.task_spec, self._external)
        ]
        return job

    def _send(self, tag: int, exchange: str, key: str, data: Any, identity: str, **extensions: str) -> None:
        headers = events.headers(identity, key, SOURCE, **extensions)
        self.link.publish(exchange, key, orjson.dumps(data), headers, identity, lambda: self.link.settle(tag))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--amqp-url", required=True)
    parser.add_argument("--database-url", required=True)
    options = parser.parse_args()
    Engine(options.amqp_url, options.database_url).link.run()

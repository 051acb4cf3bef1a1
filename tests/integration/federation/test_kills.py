"""Processes killed with -9 in every gap of the way between two deployments: nothing is lost, nothing happens twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from processes.failpoints import VARIABLE
from processes.messaging.addresses import PEER
from processes.messaging.bus import Address, Message
from processes.store.outbox import headers_of
from processes.store.tables import Attachment, AwaitedFile, Case, PeerMessage, RefusedMessage, Report
from tests.faults.failpoints import scan
from tests.integration.bus.transports import PATIENCE, Inbox
from tests.integration.federation.deployments import Levels, attach, noise
from tests.levels.places import CITY
from workers.bus.amqp import AmqpBus

VICTIM = Path(__file__).parent / "victim.py"

LINKED = [each for each in scan() if each.linked]
SENDING = [each.name for each in LINKED if each.file.startswith("workers/")]
RECEIVING = [each.name for each in LINKED if not each.file.startswith("workers/")]

pytestmark = pytest.mark.slow


def run(*arguments: str, failpoint: str = "") -> int:
    environment = {**os.environ, **({VARIABLE: failpoint} if failpoint else {})}
    return subprocess.run([sys.executable, str(VICTIM), *arguments], env=environment, check=False).returncode


def submitted(levels: Levels) -> str:
    case = levels.city.report()
    attach(levels.city, case, "合同.pdf", noise(500_000))
    levels.city.route(case, outcome="escalation", reason="请省级协调。")
    return case


def is_whole(levels: Levels, case: str) -> None:
    child = levels.child(case)
    assert len(levels.province.rows(Report)) == 1
    assert [row.size for row in levels.province.rows(Attachment, case_id=child.id)] == [500_000]
    assert levels.province.rows(AwaitedFile) == levels.province.rows(RefusedMessage) == []
    assert len(levels.province.rows(Case)) == 1


@pytest.mark.parametrize("name", RECEIVING)
def test_a_receiver_that_dies_on_the_way_has_one_case_in_the_end(levels: Levels, tmp_path: Path, name: str) -> None:
    case = submitted(levels)
    file = _write(tmp_path, levels.city.leaving(levels.province))
    url = levels.province.database.url.render_as_string(hide_password=False)

    assert run("receive", url, str(file), failpoint=f"{name}:1") == -signal.SIGKILL
    assert run("receive", url, str(file)) == 0

    is_whole(levels, case)


def _write(folder: Path, messages: Sequence[Message]) -> Path:
    """The messages as the receiver's bus would hand them on: the list of the parts in the middle."""
    *pieces, escalated = messages
    found = [*pieces[:2], escalated, *pieces[2:]]
    file = folder / "messages.json"
    peer = {PEER: CITY}
    rows = [[headers_of(replace(each, extensions={**each.extensions, **peer})), each.data] for each in found]
    file.write_text(json.dumps(rows), "utf-8")
    return file


@pytest.mark.broker
@pytest.mark.parametrize("name", SENDING)
def test_a_relay_that_dies_on_the_way_loses_nothing(levels: Levels, amqp_url: str, name: str) -> None:
    case = submitted(levels)
    inbox = Inbox()
    bus = AmqpBus(amqp_url)
    bus.subscribe(Address.INBOX, ["*"], inbox)
    bus.start()
    assert bus.wait_connected(PATIENCE)
    url = levels.city.database.url.render_as_string(hide_password=False)

    assert run("send", url, amqp_url, failpoint=f"{name}:1") == -signal.SIGKILL
    assert run("send", url, amqp_url) == 0

    assert levels.city.rows(PeerMessage) == []
    inbox.wait(len(set(inbox.ids)))
    bus.stop(5.0)
    for each in inbox.got:
        levels.province.inlet.receive(each)
    levels.province.settle()
    is_whole(levels, case)


def test_every_gap_between_two_deployments_is_died_in() -> None:
    assert SENDING
    assert RECEIVING

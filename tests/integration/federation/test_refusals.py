"""What another deployment may not say here, and who hosts what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from processes.clock import ManualClock
from processes.messaging.inlet import Status
from processes.runtime.commands import Resolve
from processes.store import peer_outbox
from processes.store.tables import (
    Case,
    Incident,
    Instance,
    PeerCase,
    PeerMessage,
    Subscription,
)
from tests.integration.federation.deployments import (
    Deployment,
    Levels,
    made,
    peers,
    refused,
)
from tests.levels.places import CITY, PROVINCE

# ---- what nobody may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["case.progress", "case.answered", "case.returned"])
def test_a_peer_cannot_answer_a_case_that_was_not_submitted_to_it(levels: Levels, type_: str) -> None:
    case = levels.city.report()
    reason = refused(levels.city, made(levels, type_, case, answer="假答复"), PROVINCE)
    assert reason == "zhejiang 不能就这一件发送此消息：这一件与它无关"


def test_a_peer_cannot_withdraw_what_it_has_not_submitted_nor_answer_its_own(levels: Levels) -> None:
    case = levels.escalate()
    levels.exchange()
    for type_, deployment, peer in (
        ("case.withdrawn", levels.city, PROVINCE),
        ("case.answered", levels.province, CITY),
    ):
        assert "这一件与它无关" in refused(deployment, made(levels, type_, case), peer)
    assert levels.child(case).closed_at is None


def test_a_deployment_that_we_are_not_linked_to_is_refused(levels: Levels) -> None:
    assert refused(levels.city, made(levels, "case.progress", "x"), "jiaxing") == "本平台没有与 jiaxing 相连"


@pytest.mark.parametrize("type_", ["job.completed", "rating.given", "hotline.order"])
def test_a_peer_may_send_nothing_else(levels: Levels, type_: str) -> None:
    assert refused(levels.city, made(levels, type_, "x"), PROVINCE) == f"合作方 zhejiang 无权发送 {type_}"


def test_a_peer_submits_only_cases_of_its_places_to_places_of_ours(levels: Levels) -> None:
    levels.escalate()
    pieces = levels.city.leaving(levels.province)
    elsewhere = replace(pieces[-1], id="elsewhere", data={**pieces[-1].data, "place": "3305"})
    assert refused(levels.province, elsewhere, CITY) == "地区 3305 不由本平台承办"

    with levels.province.database.write() as connection:
        connection.execute(update(Case).values(place="33"))
    own = levels.province.report("hot-5", "33")
    stolen = replace(
        pieces[-1], id="stolen", extensions={**pieces[-1].extensions, "correlationkey": own}, data=pieces[-1].data
    )
    assert "编号属于别的平台" in refused(levels.province, stolen, CITY)


def test_own_processes_and_partners_cannot_speak_as_a_peer(levels: Levels) -> None:
    levels.escalate()
    piece, _ = levels.city.leaving(levels.province)
    own = levels.province.inlet.receive(piece)
    partner = levels.province.inlet.receive(replace(piece, extensions={**piece.extensions, "partner": CITY}))
    assert [own.status, partner.status] == [Status.REFUSED, Status.REFUSED]


# ---- who hosts what ------------------------------------------------------------------------------------------------------


def test_a_place_whose_host_is_not_configured_is_an_incident_until_it_is(levels: Levels) -> None:
    alone = Deployment(levels.city.database, levels.city.clock, peers(CITY, "jiaxing"))
    case = alone.report()
    alone.route(case, outcome="escalation", reason="请省级协调。")

    incident = alone.row(Incident)
    assert "“zhejiang”平台承办这个地方，但本平台没有配置与它相连" in incident.detail
    assert alone.rows(PeerMessage) == []

    levels.city.core.engine.execute(Resolve("retry-1", incident.id, "retry"))
    levels.exchange()
    assert levels.child(case).place == "33"


def test_a_deployment_without_hosts_in_its_places_sends_nothing_away(levels: Levels) -> None:
    county = levels.city.report("hot-2", "330502")
    levels.city.route(county, outcome="escalation", reason="请市级协调。")
    assert levels.city.rows(PeerMessage) == levels.city.rows(PeerCase) == []
    assert levels.city.row(Case, parent=county).place == "3305"


def test_what_waits_for_a_peer_is_counted(levels: Levels, clock: ManualClock) -> None:
    levels.escalate()
    clock.advance(timedelta(hours=5))
    with levels.city.database.read() as connection:
        (waiting,) = peer_outbox.waiting(connection, 100)
    assert waiting.oldest is not None
    assert (waiting.peer, waiting.messages, waiting.dead) == (PROVINCE, 1, 0)
    assert clock.now() - waiting.oldest == timedelta(hours=5)


def test_nothing_is_kept_of_words_in_what_waits(levels: Levels) -> None:
    levels.escalate()
    with levels.city.database.read() as connection:
        (body,) = connection.execute(select(PeerMessage.body)).scalars()
    assert "被执行人" not in body.decode()
    assert levels.city.rows(Instance)
    assert levels.city.rows(Subscription, message="case.answered")

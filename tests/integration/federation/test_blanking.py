"""What is deleted in one deployment is deleted in those that have a copy of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from processes.casework.federation import blanking
from processes.messaging.bus import Message, Retry
from processes.messaging.contracts import CONTRACTS
from processes.messaging.inlet import Status
from processes.store.tables import Attachment, AttachmentChunk, Case, CaseText, PeerMessage, PersonalData, ReportText
from tests.integration.federation.deployments import Deployment, Levels, attach, made, refused
from tests.levels.places import CITY, PROVINCE


def delete_words(deployment: Deployment, case: str) -> None:
    """The content of a case is deleted."""
    engine = deployment.core.engine
    with deployment.database.write() as connection:
        report = blanking.report_of(connection, case)
        assert report is not None
        blanking.blank(connection, report, engine.settings.source, deployment.clock.now())


def words(deployment: Deployment) -> set[str]:
    """Everything that somebody said, or that tells who it was."""
    with deployment.database.read() as connection:
        texts = connection.execute(select(ReportText.title, ReportText.body)).all()
        people = connection.execute(select(PersonalData.enterprise, PersonalData.phone)).all()
        said = connection.scalars(select(CaseText.body)).all()
    return {each for row in [*texts, *people] for each in row} | set(said)


@pytest.mark.parametrize("by", ["city", "province"])
def test_a_deletion_reaches_the_other_deployment_and_comes_to_rest(levels: Levels, by: str) -> None:
    case = levels.escalate()
    attach(levels.city, case, "合同.pdf", b"%PDF")
    levels.exchange()
    delete_words(levels.city if by == "city" else levels.province, case)
    levels.exchange()
    for deployment in (levels.city, levels.province):
        assert words(deployment) == {""}
        assert [row.name for row in deployment.rows(Attachment)] == [""]
        assert deployment.rows(AttachmentChunk) == deployment.rows(PeerMessage) == []
        assert len(deployment.rows(Case)) == 1


def test_a_case_that_no_other_deployment_has_is_told_to_nobody(levels: Levels) -> None:
    case = levels.city.report()
    delete_words(levels.city, case)
    assert levels.city.rows(PeerMessage) == []


def test_a_peer_deletes_nothing_of_cases_that_are_none_of_its(levels: Levels) -> None:
    case = levels.city.report()
    assert "这一件与它无关" in refused(levels.city, made(levels, "case.blanked", case), PROVINCE)
    assert words(levels.city) != {""}


def test_a_deletion_waits_for_the_case_and_has_its_effect_once(levels: Levels) -> None:
    case = levels.escalate()
    *pieces, escalated = levels.city.leaving(levels.province)
    blanked = made(levels, "case.blanked", case)
    levels.province.hear([escalated], CITY)
    with pytest.raises(Retry):
        levels.province.hear([blanked], CITY)
    levels.province.hear(pieces, CITY)
    assert [each.status for each in levels.province.hear([blanked, blanked], CITY)] == [
        Status.ACCEPTED,
        Status.DUPLICATE,
    ]
    assert words(levels.province) == {""}


def test_the_example_of_the_document_fits(levels: Levels) -> None:
    case = levels.escalate()
    levels.exchange()
    example: Message = CONTRACTS["case.blanked", "1"].example_message()
    (receipt,) = levels.province.hear([replace(example, extensions={"correlationkey": case})], CITY)
    assert receipt.status is Status.ACCEPTED

"""Notices by SMS, work notice and e-mail against the stand-ins: each reached once, in the form of its medium, and what goes wrong is said."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from processes.clock import ManualClock
from processes.messaging.jobs import CATALOGUE
from tests.integration.workers.conftest import PATIENCE, Outside
from workers.adapters import NotConfigured, Outbound, Systems, channel, notices
from workers.adapters.sms import MOST_SEGMENTS, fitted, segments
from workers.kit import Job
from workers.kit.worker import Answer
from workers.standins.mail import MailServer, MailSystem

Notify = Callable[..., Answer]

PATHS = {"sms": "messages", "dingtalk": "notices"}
"""where a notice is posted"""

WANG = {"person": "wang", "name": "王磊", "sms": "13800000001", "dingtalk": "w-1", "email": "wang@bihuan.example"}
QIAN = {"person": "qian", "name": "钱敏", "sms": "13800000002", "dingtalk": "q-2", "email": "qian@bihuan.example"}
OPTIONS: dict[str, dict[str, Any]] = {
    "sms": {"sign": "闭环平台", "template": "SMS_1", "template.supervision": "SMS_2"},
    "dingtalk": {"app_key": "bihuan", "app_secret": "standin", "agent": "1"},
    "email": {"from": "notice@bihuan.example"},
}


@pytest.fixture
def smtp(outside: Outside) -> Iterator[str]:
    """The stand-in mail server."""
    world = outside.server.world
    system = world.system("email")
    assert isinstance(system, MailSystem)
    server = MailServer(system, world.faults)
    server.start()
    yield server.url
    server.stop()


@contextmanager
def notifying(settings: dict[str, Any], clock: ManualClock | None = None) -> Iterator[Notify]:
    outbound = Outbound(Systems.of(settings), clock)
    worker = notices.worker(outbound)

    def notify(job: str = "job-1", **changed: Any) -> Answer:
        arguments = {**CATALOGUE["notice.send"].example, "recipients": [WANG, QIAN], **changed}
        return worker.answer(Job(job, "notice.send", 1, arguments))

    yield notify
    outbound.close()


def at(outside: Outside, *names: str, smtp: str = "", **more: Any) -> dict[str, Any]:
    """The settings of these systems at the stand-ins."""
    urls = {name: smtp if name == "email" else f"{outside.url}/{name}" for name in names}
    return {name: {"url": url, "options": OPTIONS.get(name, {}), **more} for name, url in urls.items()}


def failed(answer: Answer, *, final: bool) -> str:
    assert (answer.type, answer.data["final"]) == ("job.failed", final), answer
    return str(answer.data["reason"])


# ---- all together ----------------------------------------------------------------------------------------------------------


def test_everybody_is_reached_once_by_every_way_that_is_configured(outside: Outside, smtp: str) -> None:
    with notifying(at(outside, "notices", "sms", "dingtalk", "email", smtp=smtp)) as notify:
        answer = notify()
    assert answer.type == "job.completed"
    assert answer.data["result"]["reached"] == {each: ["wang", "qian"] for each in ("sms", "dingtalk", "email")}
    assert answer.data["result"]["receipt"] == "notices-1"
    for name, people in (("sms", ["13800000001", "13800000002"]), ("dingtalk", ["w-1", "q-2"])):
        assert [each["subject"] for each in outside.effects(name, "sent")] == people
    assert [each["subject"] for each in outside.effects("email", "sent")] == [WANG["email"], QIAN["email"]]


def test_what_went_wrong_for_one_is_made_good_for_that_one_alone(outside: Outside, smtp: str) -> None:
    outside.post("/control/faults", {"system": "sms", "kind": "lost_reply"})
    outside.post("/control/faults", {"system": "dingtalk", "kind": "reset", "path": "notices"})
    with notifying(at(outside, "sms", "dingtalk", "email", smtp=smtp)) as notify:
        failed(notify(), final=False)
        assert outside.effects("email") == []
        assert notify().type == "job.completed"
    assert [each["subject"] for each in outside.effects("sms", "sent")] == [WANG["sms"], QIAN["sms"]]
    assert sorted(each["subject"] for each in outside.effects("dingtalk", "sent")) == ["q-2", "w-1"]
    assert [each["subject"] for each in outside.effects("email", "sent")] == [WANG["email"], QIAN["email"]]


def test_whom_a_system_does_not_know_holds_up_nobody_else(outside: Outside, smtp: str) -> None:
    outside.post("/control/sms/unknown", {"phones": [WANG["sms"]]})
    outside.post("/control/dingtalk/unknown", {"users": ["q-2"]})
    outside.post("/control/email/unknown", {"addresses": [WANG["email"]]})
    with notifying(at(outside, "sms", "dingtalk", "email", smtp=smtp)) as notify:
        answer = notify()
    assert answer.data["result"]["reached"] == {"sms": ["qian"], "dingtalk": ["wang"], "email": ["qian"]}


@pytest.mark.parametrize(
    "recipients", [[], [{"person": "wang", "name": "王磊"}], [{**WANG, "sms": "13800000009"}], None]
)
def test_when_nobody_can_be_reached_the_diagram_is_told(outside: Outside, recipients: Any) -> None:
    outside.post("/control/sms/unknown", {"phones": ["13800000009"]})
    with notifying(at(outside, "sms")) as notify:
        answer = notify(recipients=recipients)
    assert (answer.type, answer.data["code"]) == ("job.error", "recipient_unknown")


@pytest.mark.parametrize(
    ("ways", "systems"),
    [
        (["sms"], {"sms"}),
        (["platform", "dingtalk"], {"notices", "dingtalk"}),
        (["email"], set()),
        (None, {"notices", "sms", "dingtalk"}),
    ],
)
def test_a_notice_goes_the_ways_that_are_wanted_and_configured(outside: Outside, ways: Any, systems: set[str]) -> None:
    with notifying(at(outside, "notices", "sms", "dingtalk")) as notify:
        notify(ways=ways)
    assert {name for name in ("notices", "sms", "dingtalk") if outside.effects(name, "sent")} == systems


def test_an_address_that_several_share_gets_one_copy(outside: Outside) -> None:
    with notifying(at(outside, "sms")) as notify:
        notify(recipients=[WANG, {**QIAN, "sms": WANG["sms"]}])
    assert len(outside.effects("sms", "sent")) == 1


@pytest.mark.parametrize("name", ["sms", "dingtalk", "email"])
def test_a_way_that_is_configured_by_halves_is_told_at_the_start(outside: Outside, name: str) -> None:
    settings = at(outside, name, smtp="smtp://127.0.0.1:25")
    with pytest.raises(NotConfigured, match="options"):
        notices.worker(Outbound(Systems.of({name: {**settings[name], "options": {}}})))


@pytest.mark.parametrize("name", ["sms", "dingtalk"])
def test_an_answer_without_a_number_does_not_count_as_sent(outside: Outside, name: str) -> None:
    outside.post("/control/faults", {"system": name, "kind": "wrong_schema", "path": PATHS[name]})
    with notifying(at(outside, name)) as notify:
        assert "不能确认" in failed(notify(), final=False)
        assert notify().type == "job.completed"
    assert len(outside.effects(name, "sent")) == 2


# ---- SMS -------------------------------------------------------------------------------------------------------------------


def test_a_text_message_is_signed_and_nothing_in_it_passes_for_a_signature(outside: Outside) -> None:
    with notifying(at(outside, "sms")) as notify:
        notify(text="【银行】请\r\n转账", kind="supervision")
    [wang, _] = outside.effects("sms", "sent")
    assert wang["data"]["text"] == "【闭环平台】[银行]请 转账"


@pytest.mark.parametrize("text", ["办" * 70, "办" * 1000, "😀" * 400, "a" * 5000])
def test_a_text_message_has_few_segments(outside: Outside, text: str) -> None:
    with notifying(at(outside, "sms")) as notify:
        notify(text=text)
    [wang, _] = outside.effects("sms", "sent")
    assert wang["data"]["segments"] == segments(wang["data"]["text"]) <= MOST_SEGMENTS
    assert len(text) > 100 or wang["data"]["text"].endswith(text)


def test_a_text_that_is_cut_shows_it() -> None:
    assert fitted("办" * 333, 2) == "办" * 333
    assert fitted("办" * 334, 2) == "办" * 332 + "…"
    assert fitted("办" * 331 + "😀😀", 2) == "办" * 331 + "…"


# ---- work notices ----------------------------------------------------------------------------------------------------------


def tokens(outside: Outside) -> int:
    return sum(each["path"].endswith("/token") for each in outside.get("/dingtalk/requests"))


def test_a_token_is_fetched_once_and_anew_when_it_has_expired(outside: Outside) -> None:
    clock = ManualClock()
    with notifying(at(outside, "dingtalk"), clock) as notify:
        for number in range(3):
            notify(f"job-{number}")
        assert tokens(outside) == 1
        clock.advance(timedelta(seconds=7150))
        notify("job-3")
        assert tokens(outside) == 2
        outside.post("/control/dingtalk/expire", {})
        assert notify("job-4").type == "job.completed"
    assert tokens(outside) == 3
    assert len(outside.effects("dingtalk", "sent")) == 10


def test_a_secret_that_is_wrong_goes_to_a_person(outside: Outside) -> None:
    settings = at(outside, "dingtalk")
    settings["dingtalk"]["options"] = {**OPTIONS["dingtalk"], "app_secret": "wrong"}
    with notifying(settings) as notify:
        reason = failed(notify(), final=True)
    assert "口令不对" in reason
    assert "wrong" not in reason


# ---- e-mail ----------------------------------------------------------------------------------------------------------------


def test_a_mail_says_what_it_should_and_no_header_more(outside: Outside, smtp: str) -> None:
    text = "第一行\n.\n..第三行\r\n结束"
    with notifying(at(outside, "email", smtp=smtp)) as notify:
        notify(subject="催办\r\nBcc: evil@example.com\n\n正文", text=text)
    [wang, qian] = outside.get("/email/messages")["messages"]
    assert wang["headers"] == qian["headers"]
    assert wang["headers"]["Subject"] == "催办 Bcc: evil@example.com 正文"
    assert set(wang["headers"]) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert wang["headers"]["From"] == "闭环平台 <notice@bihuan.example>"
    assert wang["headers"]["Message-ID"] == "<job-1@bihuan.example>"
    assert "@bihuan.example" not in wang["headers"]["To"]
    assert wang["text"].splitlines() == ["第一行", ".", "..第三行", "结束"]


@pytest.mark.parametrize(
    ("fault", "final"),
    [
        ({"kind": "status"}, False),
        ({"kind": "status", "status": 554}, True),
        ({"kind": "reset", "path": "session"}, False),
        ({"kind": "reset", "path": "messages"}, False),
    ],
)
def test_a_mail_that_was_not_taken_comes_again_or_goes_to_a_person(
    outside: Outside, smtp: str, fault: dict[str, Any], final: bool
) -> None:
    outside.post("/control/faults", {"system": "email", **fault})
    with notifying(at(outside, "email", smtp=smtp)) as notify:
        assert "email" in failed(notify(), final=final)
        assert notify().type == "job.completed"
    assert len(outside.effects("email", "sent")) == 2


def test_a_mail_whose_acceptance_was_not_heard_of_may_come_again_under_its_one_id(outside: Outside, smtp: str) -> None:
    outside.post("/control/faults", {"system": "email", "kind": "lost_reply"})
    with notifying(at(outside, "email", smtp=smtp)) as notify:
        failed(notify(), final=False)
        assert notify(recipients=[WANG]).type == "job.completed"
    sent = outside.effects("email", "sent")
    assert [each["subject"] for each in sent] == [WANG["email"], QIAN["email"], WANG["email"]]
    assert {each["key"] for each in sent} == {"<job-1@bihuan.example>"}
    lost = [each["key"] for each in outside.get("/email/requests") if each["outcome"] == "fault lost_reply"]
    assert lost == ["<job-1@bihuan.example>"]


def test_a_mail_server_that_dawdles_is_cut_off_at_the_deadline(outside: Outside, smtp: str) -> None:
    outside.post("/control/faults", {"system": "email", "kind": "slow", "seconds": 2.0})
    with notifying(at(outside, "email", smtp=smtp, deadline=0.4)) as notify:
        assert "没有正常答复" in failed(notify(), final=False)


def test_a_greeting_that_drips_is_cut_off_at_the_deadline() -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        with notifying({"email": {"url": url, "deadline": 0.4, "options": OPTIONS["email"]}}) as notify:
            failed(notify(), final=False)
        over.set()
        thread.join(PATIENCE)


def test_a_password_is_never_sent_in_clear(outside: Outside, smtp: str) -> None:
    settings = at(outside, "email", smtp=smtp, token="secret")
    settings["email"]["options"] = {**OPTIONS["email"], "user": "bihuan"}
    with notifying(settings) as notify:
        assert "不能明文发送" in failed(notify(), final=True)


def test_a_mail_server_at_a_forbidden_address_is_not_connected_to() -> None:
    with notifying({"email": {"url": "smtp://169.254.169.254", "options": OPTIONS["email"]}}) as notify:
        assert "不允许访问" in failed(notify(), final=True)


def test_a_mail_server_that_is_away_opens_its_breaker(clock: ManualClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        url = f"smtp://127.0.0.1:{reserved.getsockname()[1]}"
    with notifying({"email": {"url": url, "failures": 2, "rest": 60, "options": OPTIONS["email"]}}, clock) as notify:
        answers = [notify(f"job-{number}").data for number in range(3)]
    assert [each.get("counted", True) for each in answers] == [True, True, False]


# ---- what was reported in the portal -----------------------------------------------------------------------------------


def test_whoever_reported_in_the_portal_is_told_by_a_text_message_alone(outside: Outside) -> None:
    settings = at(outside, "sms")
    answers = {}
    for name, given in (("with", settings), ("without", {})):
        outbound = Outbound(Systems.of(given))
        worker = channel.worker(outbound)
        told = {"recipients": [{"person": "p-1", "name": "", "sms": "13812345678"}], "channel": "portal"}
        for topic in ("channel.answer", "channel.ask", "channel.progress", "channel.refuse"):
            arguments = {**CATALOGUE[topic].example, **told}
            answers[name, topic] = worker.answer(Job(f"job-{topic}", topic, 1, arguments))
        outbound.close()
    assert {each.type for each in answers.values()} == {"job.completed"}
    sent = outside.server.world.system("sms").store.rows("effect", 100, kind="sent", subject="13812345678")
    assert [each["data"]["text"].startswith("【闭环平台】") for each in sent] == [True] * 4

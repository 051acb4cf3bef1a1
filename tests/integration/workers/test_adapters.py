"""The adapters against the stand-ins: what arrives, and what each fault of theirs becomes."""

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
from tests.integration.workers.conftest import PATIENCE, SYSTEMS, Outside
from workers.adapters import Outbound, Systems
from workers.kit import Job
from workers.kit.worker import Answer
from workers.runner import adapters

Do = Callable[..., Answer]


def doer(outbound: Outbound) -> Do:
    """Does a job of a topic with the catalogue's example as its variables, some of them changed."""
    workers = {topic: worker for worker in adapters(outbound) for topic in worker.topics}

    def do(topic: str, job: str = "job-1", **changed: Any) -> Answer:
        return workers[topic].answer(Job(job, topic, 1, {**CATALOGUE[topic].example, **changed}))

    return do


@contextmanager
def connected(settings: dict[str, Any], clock: ManualClock | None = None) -> Iterator[Do]:
    """The adapters with systems configured so."""
    outbound = Outbound(Systems.of(settings), clock)
    yield doer(outbound)
    outbound.close()


@pytest.fixture
def do(outside: Outside) -> Iterator[Do]:
    """The adapters with every system at the stand-ins."""
    outbound = Outbound(Systems.standins(outside.url))
    yield doer(outbound)
    outbound.close()


def test_the_adapters_take_every_topic_of_the_catalogue() -> None:
    workers = adapters(Outbound(Systems.of({})))
    assert {topic for worker in workers for topic in worker.topics} == set(CATALOGUE)


@pytest.mark.parametrize("topic", CATALOGUE)
def test_the_example_of_every_job_can_really_be_done(do: Do, topic: str) -> None:
    answer = do(topic)
    assert answer.type == "job.completed"
    CATALOGUE[topic].check_result(answer.data["result"])


def test_what_becomes_of_an_order_stands_in_its_channels_history(do: Do, outside: Outside) -> None:
    original = "浙A/2026 第7号?#"
    for number, topic in enumerate(["channel.progress", "channel.ask", "channel.answer", "channel.refuse"]):
        do(topic, f"job-{number}", channel="wechat", original=original)
    orders = outside.get("/wechat/orders")["orders"]
    assert [(order["id"], order["case"]) for order in orders] == [
        (original, CATALOGUE["channel.answer"].example["case"])
    ]
    assert [each["kind"] for each in outside.effects("wechat")] == ["progress", "asked", "answered", "refused"]


def test_only_named_fields_leave_the_house(do: Do, outside: Outside) -> None:
    do("channel.answer", excluded=["330502.projects"], internal="内部意见")
    [effect] = outside.effects("hotline", "answered")
    assert set(effect["data"]) == {"case", "text", "outcome", "result"}


@pytest.mark.parametrize(("outcome", "result"), [("solved", 0), ("explained", 1), ("carried", 1), ("partly", 2)])
def test_the_hotline_is_told_the_result_in_its_own_code(do: Do, outside: Outside, outcome: str, result: int) -> None:
    do("channel.answer", outcome=outcome)
    do("channel.answer", "job-2", channel="wechat", outcome=outcome)
    [effect] = outside.effects("hotline", "answered")
    assert effect["data"]["result"] == result
    assert "result" not in outside.effects("wechat", "answered")[0]["data"]


def test_an_order_that_goes_back_to_the_hotline_says_so(do: Do, outside: Outside) -> None:
    do("channel.refuse")
    [effect] = outside.effects("hotline", "refused")
    assert effect["data"]["result"] == 3


def test_a_hotline_that_takes_no_extension_says_no_to_the_diagram(do: Do, outside: Outside) -> None:
    do("channel.progress")
    outside.post("/control/hotline/close", {"original": CATALOGUE["hotline.extend"].example["original"]})
    answer = do("hotline.extend", "job-2")
    assert (answer.type, answer.data["code"]) == ("job.error", "extension_refused")


def test_a_job_done_twice_has_its_effect_once(do: Do, outside: Outside) -> None:
    for topic in CATALOGUE:
        assert do(topic, f"job-{topic}") == do(topic, f"job-{topic}")
    keys = [effect["key"] for name in SYSTEMS for effect in outside.effects(name)]
    assert sorted(keys) == sorted(f"job-{topic}" for topic in CATALOGUE)


@pytest.mark.parametrize("kind", ["reset", "lost_reply", "garbage", "truncated"])
def test_a_broken_exchange_is_tried_again_and_then_done_once(do: Do, outside: Outside, kind: str) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": kind})
    first = do("channel.answer")
    assert (first.type, first.data["final"]) == ("job.failed", False)
    assert "hotline" in first.data["reason"]
    assert do("channel.answer").type == "job.completed"
    assert len(outside.effects("hotline", "answered")) == 1


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_tried_again(do: Do, outside: Outside, status: int) -> None:
    outside.post("/control/faults", {"system": "ratings", "kind": "status", "status": status, "retry_after": 45})
    answer = do("rating.request")
    assert (answer.type, answer.data["final"], answer.data["retry_after"]) == ("job.failed", False, 45.0)
    assert str(status) in answer.data["reason"]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 410])
def test_what_will_not_pass_goes_to_a_person_at_once(do: Do, outside: Outside, status: int) -> None:
    outside.post("/control/faults", {"system": "ratings", "kind": "status", "status": status})
    answer = do("rating.request")
    assert (answer.type, answer.data["final"]) == ("job.failed", True)
    assert str(status) in answer.data["reason"]


def test_a_no_that_the_catalogue_knows_is_a_business_error(do: Do, outside: Outside) -> None:
    outside.post("/control/seven-lists/lists", {"lists": ["audit"]})
    answer = do("seven-lists.transfer")
    assert answer.type == "job.error"
    assert answer.data["code"] == "list_unknown"
    assert "没有这张清单" in answer.data["message"]


def test_a_no_that_nobody_knows_goes_to_a_person_in_the_systems_own_words(do: Do) -> None:
    do("seven-lists.transfer", "job-1")
    answer = do("seven-lists.transfer", "job-2")
    assert (answer.type, answer.data["final"]) == ("job.failed", True)
    assert "already_transferred" in answer.data["reason"]
    assert "已在清单中" in answer.data["reason"]


def test_a_slow_drip_does_not_outlive_the_deadline(outside: Outside) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "drip", "seconds": 0.1, "times": None})
    with connected({"hotline": {"url": f"{outside.url}/hotline", "deadline": 0.5}}) as do:
        answer = do("channel.answer")
    assert (answer.type, answer.data["final"]) == ("job.failed", False)
    assert "ReadTimeout" in answer.data["reason"]


def test_a_system_that_never_answers_is_given_up_at_the_deadline(outside: Outside) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "slow", "seconds": PATIENCE})
    with connected({"hotline": {"url": f"{outside.url}/hotline", "deadline": 0.3}}) as do:
        assert do("channel.answer").data["final"] is False
        assert do("channel.answer", "job-2").type == "job.completed"


def test_a_reply_without_end_is_not_read(outside: Outside) -> None:
    with connected({"notices": {"url": f"{outside.url}/notices", "body_cap": 10}}) as do:
        answer = do("notice.send")
    assert (answer.data["final"], "10 字节" in answer.data["reason"]) == (True, True)


@pytest.mark.parametrize(("kind", "said"), [("huge", "字节"), ("wrong_schema", "delivered")])
def test_a_reply_that_cannot_be_used_goes_to_a_person_who_may_try_again(
    do: Do, outside: Outside, kind: str, said: str
) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": kind})
    answer = do("channel.answer")
    assert (answer.type, answer.data["final"], said in answer.data["reason"]) == ("job.failed", True, True)
    assert do("channel.answer").type == "job.completed"
    assert len(outside.effects("hotline", "answered")) == 1


def test_a_reply_that_calls_itself_a_web_page_is_read_for_what_it_is(do: Do, outside: Outside) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "wrong_type"})
    assert do("channel.answer").type == "job.completed"


def test_each_board_may_have_a_system_of_its_own(outside: Outside) -> None:
    settings = {"board:330502.data": f"{outside.url}/boards/330502.data"}
    with connected(settings) as do:
        assert do("board.order").type == "job.completed"
        answer = do("board.order", "job-2", board="330502.industry_chain")
    assert (answer.type, answer.data["final"]) == ("job.failed", True)
    assert "330502.industry_chain" in answer.data["reason"]


@pytest.mark.parametrize("board", ["data", "../ratings", "330502.data/x", "33." + "x" * 60, "a@b.c", ""])
def test_a_board_cannot_climb_out_of_its_address(do: Do, outside: Outside, board: str) -> None:
    answer = do("board.order", board=board)
    assert (answer.type, answer.data["final"]) == ("job.failed", True)
    assert outside.effects("boards") == []


def test_a_board_that_does_not_take_the_order_says_so_to_the_diagram(do: Do, outside: Outside) -> None:
    outside.post("/control/boards/refuse", {"boards": ["330502.data"]})
    answer = do("board.order")
    assert (answer.type, answer.data["code"]) == ("job.error", "order_refused")


def test_a_system_that_is_away_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with connected({"hotline": f"http://127.0.0.1:{port}"}) as do:
        assert do("channel.answer").data["final"] is False


def test_a_name_that_does_not_resolve_is_tried_again() -> None:
    with connected({"hotline": "http://nowhere.invalid"}) as do:
        assert do("channel.answer").data["final"] is False


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest", "http://[fe80::1]/", "http://0.0.0.0:80", "http://[::ffff:169.254.169.254]/",
        "http://100.100.100.200", "http://224.0.0.1", "http://2852039166/",
    ],
)  # fmt: skip
def test_addresses_that_tell_a_machines_secrets_are_never_connected_to(url: str) -> None:
    with connected({"hotline": url}) as do:
        answer = do("channel.answer")
    assert (answer.data["final"], "不允许访问" in answer.data["reason"]) == (True, True)


@pytest.mark.parametrize("original", [".", ".."])
def test_an_original_number_cannot_climb_out_of_its_path(do: Do, outside: Outside, original: str) -> None:
    assert do("channel.answer", original=original).data["final"] is True
    assert outside.effects("hotline") == []


@pytest.mark.parametrize("channel", ["nowhere", "../ratings", "evil.example/x", "HOTLINE", "x" * 41, "a@b"])
def test_a_channel_that_is_not_configured_goes_to_a_person(outside: Outside, channel: str) -> None:
    settings = {"hotline": f"{outside.url}/hotline"}
    if channel != "nowhere":
        settings["channel:*"] = f"{outside.url}/{{channel}}"
    with connected(settings) as do:
        answer = do("channel.answer", channel=channel)
    assert (answer.type, answer.data["final"]) == ("job.failed", True)


def test_a_date_to_retry_at_is_honoured(clock: ManualClock) -> None:
    moment = clock.now() + timedelta(seconds=90)
    reply = f"HTTP/1.1 503 Busy\r\nRetry-After: {moment:%a, %d %b %Y %H:%M:%S} GMT\r\nContent-Length: 0\r\n\r\n"
    with one_reply(reply.encode()) as url, connected({"hotline": url}, clock) as do:
        assert do("channel.answer").data["retry_after"] == 90.0


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9", "٣", "Mon, 99 Xxx 2026"])
def test_a_retry_after_that_says_nothing_leaves_it_to_the_job(value: str) -> None:
    reply = f"HTTP/1.1 503 Busy\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
    with one_reply(reply.encode()) as url, connected({"hotline": url}) as do:
        assert "retry_after" not in do("channel.answer").data


@pytest.mark.parametrize(
    "reply",
    [
        b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xfe\x00", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)  # fmt: skip
def test_nonsense_is_tried_again(reply: bytes) -> None:
    with one_reply(reply) as url, connected({"hotline": url}) as do:
        answer = do("channel.answer")
    assert (answer.type, answer.data["final"]) == ("job.failed", False)


def test_a_result_that_does_not_fit_the_catalogue_goes_to_a_person() -> None:
    with (
        one_reply(b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"reference": 12}') as url,
        connected({"seven-lists": url}) as do,
    ):
        answer = do("seven-lists.transfer")
    assert (answer.type, answer.data["final"]) == ("job.failed", True)
    assert "reference" in answer.data["reason"]


@contextmanager
def one_reply(reply: bytes) -> Iterator[str]:
    """A system that answers these bytes to whatever comes, once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE)
                request = b""
                while not request.endswith(b"}"):
                    request += connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(PATIENCE)
        assert not thread.is_alive()

"""The stand-ins behave as the external systems do: own state, effects once, messages that arrive in the end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.integration.bus.transports import eventually
from tests.integration.workers.conftest import PATIENCE, Outside, Receiver, serve_receiver

ORDER = {"id": "42", "title": "用电报装", "body": "申请两个月没有答复。", "phone": "13800000000", "urgency": "高"}


def test_an_order_filed_at_the_hotline_reaches_the_platform_with_all_its_fields(
    outside: Outside, receiver: Receiver
) -> None:
    assert outside.post("/control/hotline/orders", {"orders": [ORDER]}).status_code == 201
    receiver.wait(lambda it: len(it.messages) == 1)
    message = receiver.messages[0]
    assert (message.type, message.source, message.subject) == ("hotline.order", "/hotline", "42")
    assert message.data.items() >= ORDER.items()
    assert receiver.tries == [("token-h", message.id)]


def test_any_other_channel_works_by_its_name(outside: Outside, receiver: Receiver) -> None:
    outside.post("/zheliban/orders", {"body": "厂房漏水"})
    receiver.wait(lambda it: len(it.of("zheliban.order")) == 1)
    number = receiver.messages[0].data["id"]
    assert outside.get(f"/zheliban/orders/{number}")["status"] == "filed"
    assert receiver.tries[0][0] == "token-rest"


def test_an_order_shows_its_whole_history(outside: Outside) -> None:
    outside.post("/hotline/orders", ORDER)
    outside.post("/hotline/orders/42/progress", {"case": "C-1", "text": "已签收", "stage": "handling"})
    outside.post("/hotline/orders/42/questions", {"case": "C-1", "text": "请补充执照"})
    outside.post("/control/hotline/supplement", {"case": "C-1", "text": "见附件"})
    outside.post("/hotline/orders/42/results", {"case": "C-1", "text": "已接通", "outcome": "solved"})
    order = outside.get("/hotline/orders/42")
    assert (order["status"], order["case"]) == ("answered", "C-1")
    assert [each["kind"] for each in order["history"]] == ["filed", "progress", "asked", "supplemented", "answered"]
    assert order["history"][-1]["data"]["outcome"] == "solved"


def test_an_order_handed_over_as_a_file_is_known_from_its_first_answer(outside: Outside) -> None:
    assert outside.post("/hotline/orders/浙A%2F7/refusals", {"reason": "不属于涉企问题"}).status_code == 201
    assert outside.get("/hotline/orders/浙A%2F7")["status"] == "refused"
    assert outside.get("/hotline/orders?status=refused")["total"] == 1


def test_an_enterprise_answers_a_question_only_when_it_was_asked(outside: Outside, receiver: Receiver) -> None:
    outside.post("/hotline/orders", ORDER)
    early = outside.post("/control/hotline/supplement", {"original": "42", "text": "见附件"})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_asked")
    outside.post("/hotline/orders/42/questions", {"case": "C-1", "text": "请补充执照"})
    assert outside.post("/control/hotline/supplement", {"original": "42", "text": "见附件"}).status_code == 202
    receiver.wait(lambda it: len(it.of("supplement.answered")) == 1)
    said = receiver.of("supplement.answered")[0].data
    assert (said["case"], said["channel"], said["original"], said["text"]) == ("C-1", "hotline", "42", "见附件")


def test_a_superior_place_that_asks_is_answered_under_its_own_number(outside: Outside, receiver: Receiver) -> None:
    outside.post("/hotline/orders/42/progress", {"case": "lower", "text": "已受理"})
    outside.post("/hotline/orders/42/questions", {"case": "upper", "text": "请补充执照"})
    outside.post("/control/hotline/supplement", {"case": "upper", "text": "见附件"})
    receiver.wait(lambda it: [each.data["case"] for each in it.of("supplement.answered")] == ["upper"])
    assert outside.get("/hotline/orders/42")["case"] == "lower"


def test_an_enterprise_answers_by_script(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/hotline/script", {"original": "42", "supplements": ["一", "二"]})
    for _ in range(3):
        outside.post("/hotline/orders/42/questions", {"case": "C-1", "text": "请补充"})
    receiver.wait(lambda it: len(it.of("supplement.answered")) == 2)
    assert [each.data["text"] for each in receiver.of("supplement.answered")] == ["一", "二"]
    assert outside.get("/hotline/orders/42")["status"] == "asked"


def test_an_enterprise_withdraws_before_it_knows_a_case_number(outside: Outside, receiver: Receiver) -> None:
    outside.post("/hotline/orders", ORDER)
    assert outside.post("/control/hotline/withdraw", {"original": "42", "reason": "解决了"}).status_code == 202
    receiver.wait(lambda it: len(it.of("withdrawal.requested")) == 1)
    said = receiver.of("withdrawal.requested")[0].data
    assert (said["channel"], said["original"], said["reason"], "case" in said) == ("hotline", "42", "解决了", False)
    assert outside.post("/control/hotline/withdraw", {"original": "42"}).status_code == 409


def test_a_rating_is_given_once_for_each_request(outside: Outside, receiver: Receiver) -> None:
    assert outside.post("/control/ratings/rate", {"case": "C-1", "level": 5}).status_code == 409
    outside.post("/ratings/requests", {"case": "C-1", "original": "42"})
    assert outside.post("/control/ratings/rate", {"case": "C-1", "level": 9}).status_code == 422
    assert outside.post("/control/ratings/rate", {"case": "C-1", "level": 2, "comment": "慢"}).status_code == 202
    assert outside.post("/control/ratings/rate", {"case": "C-1", "level": 5}).status_code == 409
    outside.post("/ratings/requests", {"case": "C-1", "original": "42"})
    assert outside.post("/control/ratings/rate", {"case": "C-1", "level": 5}).status_code == 202
    receiver.wait(lambda it: len(it.of("rating.given")) == 2)
    assert [each.data["level"] for each in receiver.messages] == [2, 5]
    assert [each["level"] for each in outside.get("/ratings/requests/C-1")["rounds"]] == [2, 5]


def test_enterprises_rate_by_script(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/ratings/script", {"ratings": [5]})
    outside.post("/control/ratings/script", {"original": "42", "ratings": [1, None, {"level": 4, "comment": "好了"}]})
    for _ in range(3):
        outside.post("/ratings/requests", {"case": "C-1", "original": "42"})
    for case in ("C-2", "C-3"):
        outside.post("/ratings/requests", {"case": case, "original": case})
    receiver.wait(lambda it: len(it.of("rating.given")) == 4)
    assert [(each.data["case"], each.data["level"]) for each in receiver.messages] == [
        ("C-1", 1),
        ("C-1", 4),
        ("C-2", 5),
        ("C-3", 5),
    ]


def test_the_seven_lists_take_a_problem_through_its_stages_in_order(outside: Outside, receiver: Receiver) -> None:
    transfer = {"case": "C-1", "list": "safety", "place": "330502", "text": "管线隐患"}
    reference = outside.post("/seven-lists/problems", transfer).json()["reference"]
    assert outside.post("/control/seven-lists/stage", {"case": "C-1", "stage": "measures"}).status_code == 409
    assert outside.post("/control/seven-lists/decide", {"case": "C-1", "accept": True}).status_code == 202
    assert outside.post("/control/seven-lists/stage", {"case": "C-1", "stage": "strike_off"}).status_code == 409
    for stage in ("measures", "rectification", "strike_off"):
        assert outside.post("/control/seven-lists/stage", {"case": "C-1", "stage": stage}).status_code == 202
    receiver.wait(lambda it: len(it.messages) == 4)
    assert [each.type for each in receiver.messages] == ["seven-lists.accepted", *["seven-lists.stage"] * 3]
    assert {each.data["reference"] for each in receiver.messages} == {reference}
    assert outside.get("/seven-lists/problems/C-1")["status"] == "strike_off"


def test_the_seven_lists_reject_and_may_be_asked_again(outside: Outside, receiver: Receiver) -> None:
    transfer = {"case": "C-1", "list": "safety", "place": "330502", "text": "管线隐患"}
    outside.post("/seven-lists/problems", transfer)
    assert outside.post("/seven-lists/problems", transfer).json()["error"]["code"] == "already_transferred"
    outside.post("/control/seven-lists/decide", {"case": "C-1", "accept": False, "reason": "不在清单范围"})
    receiver.wait(lambda it: [each.data["reason"] for each in it.of("seven-lists.rejected")] == ["不在清单范围"])
    assert outside.post("/seven-lists/problems", transfer).status_code == 201


def test_the_seven_lists_play_a_script(outside: Outside, receiver: Receiver) -> None:
    steps = ["accept", "measures", "rectification", "strike_off"]
    outside.post("/control/seven-lists/script", {"original": "42", "steps": steps})
    outside.post("/seven-lists/problems", {"case": "C-1", "original": "42", "list": "x", "place": "p", "text": "t"})
    receiver.wait(lambda it: len(it.messages) == 4)
    assert [each.data.get("stage") for each in receiver.messages] == [None, *steps[1:]]


def test_a_list_that_the_system_does_not_have_is_refused(outside: Outside) -> None:
    outside.post("/control/seven-lists/lists", {"lists": ["safety"]})
    refused = outside.post("/seven-lists/problems", {"case": "C-1", "list": "other", "text": "t"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "list_unknown")


ORDERED = {"case": "C-1", "board": "330502.data", "place": "330502", "text": "账号无法登录"}


def test_a_boards_system_takes_an_order_to_its_result(outside: Outside, receiver: Receiver) -> None:
    assert outside.post("/control/boards/accept", {"case": "C-1"}).status_code == 404
    reference = outside.post("/boards/330502.data/orders", ORDERED).json()["reference"]
    for step, said in (("accept", {}), ("progress", {"status": "在办"}), ("result", {"answer": "已解锁。"})):
        assert outside.post(f"/control/boards/{step}", {"case": "C-1", **said}).status_code == 202
    assert outside.post("/control/boards/result", {"case": "C-1"}).status_code == 409
    receiver.wait(lambda it: len(it.messages) == 3)
    assert [each.type for each in receiver.messages] == ["board.accepted", "board.progress", "board.result"]
    assert {(each.data["board"], each.data["reference"]) for each in receiver.messages} == {("330502.data", reference)}
    assert receiver.messages[-1].data["answer"] == "已解锁。"
    assert outside.get("/boards/330502.data/orders/C-1")["status"] == "result"
    assert outside.post("/boards/330502.data/orders/C-1/cancel", {"reason": "企业已撤回。"}).json() == {
        "state": "ended"
    }
    assert outside.client.get("/boards/330502.policy/orders/C-1").status_code == 404


def test_a_boards_system_stops_at_what_is_cancelled(outside: Outside, receiver: Receiver) -> None:
    def cancel(case: str = "C-1", board: str = "330502.data", **said: str) -> str:
        reply = outside.post(f"/boards/{board}/orders/{case}/cancel", {"reason": "企业已撤回。", **said})
        return str(reply.json()["state"])

    reference = outside.post("/boards/330502.data/orders", ORDERED).json()["reference"]
    assert (cancel("C-2"), cancel(board="330502.policy"), cancel(reference="BK-0")) == ("unknown", "unknown", "ended")
    assert (cancel(reference=reference), cancel(reference=reference)) == ("cancelled", "ended")
    assert outside.post("/control/boards/result", {"case": "C-1"}).status_code == 409
    outside.post("/boards/330502.data/orders", ORDERED)
    assert cancel() == "cancelled"
    assert [each["subject"] for each in outside.effects("boards", "cancelled")] == ["C-1", "C-1"]


def test_a_case_that_is_ordered_again_is_a_new_order(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/boards/script", {"steps": ["accept", {"return": {"request": "extend", "days": 3}}]})
    references = [outside.post("/boards/330502.data/orders", ORDERED).json()["reference"] for _ in range(2)]
    receiver.wait(lambda it: len(it.messages) == 4)
    assert references[0] != references[1]
    assert [each.data["reference"] for each in receiver.of("board.returned")] == references
    assert outside.post("/control/boards/script", {"steps": ["dance"]}).status_code == 422


def test_notices_can_be_searched(outside: Outside) -> None:
    sent = {"case": "C-1", "kind": "reminder", "to": {"role": "board_handler"}, "subject": "催办", "text": "即将到期"}
    outside.post("/notices/messages", sent)
    outside.post("/notices/messages", {**sent, "case": "C-2", "kind": "supervision"})
    assert outside.get("/notices/messages?kind=reminder&to=board_handler&text=到期")["total"] == 1
    assert outside.get("/notices/messages?case=C-2")["messages"][0]["kind"] == "supervision"
    assert outside.get("/notices/messages?to=leader")["total"] == 0


def test_a_request_repeated_with_its_key_has_its_effect_once(outside: Outside) -> None:
    first = outside.post("/hotline/orders/42/results", {"text": "已接通"}, key="job-1")
    again = outside.post("/hotline/orders/42/results", {"text": "已接通"}, key="job-1")
    other = outside.post("/hotline/orders/42/results", {"text": "别的"}, key="job-1")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert other.json()["error"]["code"] == "idempotency_mismatch"
    assert len(outside.effects("hotline", "answered")) == 1
    assert [each["outcome"] for each in outside.get("/hotline/requests?key=job-1")] == [
        "201",
        "201",
        "422 idempotency_mismatch",
    ]


def test_a_lost_reply_is_made_good_by_asking_again(outside: Outside) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "lost_reply"})
    with pytest.raises(httpx.TransportError):
        outside.post("/hotline/orders/42/results", {"text": "已接通"}, key="job-1")
    assert outside.post("/hotline/orders/42/results", {"text": "已接通"}, key="job-1").status_code == 201
    assert len(outside.effects("hotline", "answered")) == 1


def test_faults_come_as_often_as_ordered_and_do_nothing_else(outside: Outside) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "status", "times": 2, "retry_after": 7})
    outside.post("/control/faults", {"system": "hotline", "kind": "reset", "path": "results"})
    answers = [outside.post("/hotline/orders/42/progress", {"text": "t"}) for _ in range(3)]
    assert [each.status_code for each in answers] == [503, 503, 201]
    assert answers[0].headers["Retry-After"] == "7"
    with pytest.raises(httpx.TransportError):
        outside.post("/hotline/orders/42/results", {"text": "t"})
    assert len(outside.effects("hotline")) == 1
    assert outside.get("/control/faults") == {"faults": [], "taken": {"hotline": {"reset": 1, "status": 2}}}


def test_an_unknown_fault_is_refused_with_the_ones_there_are(outside: Outside) -> None:
    refused = outside.post("/control/faults", {"system": "hotline", "kind": "earthquake"})
    assert refused.status_code == 422
    assert "lost_reply" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": "1"},
        {"seconds": -1},
        {"probability": 1.5},
        {"size": 10**12},
        {"status": 200},
        {"path": 1},
        {"when": 1},
    ],
)
def test_a_fault_of_impossible_numbers_is_refused(outside: Outside, wrong: dict[str, object]) -> None:
    assert outside.post("/control/faults", {"system": "hotline", "kind": "slow", **wrong}).status_code == 422


def test_a_fault_that_comes_by_chance_comes_the_same_again_with_the_same_seed(outside: Outside) -> None:
    def met() -> list[int]:
        outside.post("/control/faults", {"system": "*", "kind": "status", "times": None, "probability": 0.5, "seed": 7})
        answers = [outside.post("/hotline/orders/42/progress", {"text": "t"}).status_code for _ in range(20)]
        outside.client.delete("/control/faults")
        return answers

    first = met()
    assert set(first) == {201, 503}
    assert met() == first


def test_a_reply_may_be_wrong_in_every_way_and_the_work_is_done_once(outside: Outside) -> None:
    def ask() -> httpx.Response:
        return outside.post("/hotline/orders/42/results", {"text": "已接通"}, key="job-1")

    for kind in ("wrong_schema", "wrong_type", "huge", "truncated", "garbage"):
        outside.post("/control/faults", {"system": "hotline", "kind": kind, "size": 5_000_000})
    assert ask().json() == {"message": "ok"}
    assert ask().headers["Content-Type"].startswith("text/html")
    assert len(ask().content) == 5_000_000
    with pytest.raises(httpx.RemoteProtocolError):
        ask()
    assert ask().text == "<html>"
    assert ask().json()["delivered"] is True
    assert len(outside.effects("hotline", "answered")) == 1


def test_whoever_reads_the_logs_meets_no_fault(outside: Outside) -> None:
    outside.post("/control/faults", {"system": "*", "kind": "reset", "times": None})
    assert outside.get("/hotline/effects") == outside.get("/hotline/requests") == outside.get("/hotline/pushes") == []


def test_a_message_may_come_again_under_another_id(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "copy_push", "path": "hotline.order"})
    outside.post("/hotline/orders", ORDER)
    receiver.wait(lambda it: len(it.messages) == 2)
    assert receiver.messages[0].data == receiver.messages[1].data
    assert receiver.messages[0].id != receiver.messages[1].id


def test_a_message_that_is_late_is_overtaken_by_those_after_it(outside: Outside, receiver: Receiver) -> None:
    steps = ["accept", "measures", "rectification", "strike_off"]
    outside.post("/control/seven-lists/script", {"steps": steps})
    fault = {"system": "seven-lists", "kind": "late_push", "path": "seven-lists.accepted", "seconds": 0.3}
    outside.post("/control/faults", fault)
    outside.post("/seven-lists/problems", {"case": "C-1", "list": "x", "place": "p", "text": "t"})
    receiver.wait(lambda it: len(it.messages) == 4)
    assert [each.data.get("stage") for each in receiver.messages] == [*steps[1:], None]


def test_a_broken_message_is_refused_and_comes_whole_when_asked_for(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "broken_push"})
    outside.post("/hotline/orders", ORDER)
    receiver.wait(lambda it: len(it.refused) == 1)
    [refused] = eventually(lambda: outside.get("/hotline/pushes?state=refused"))
    assert receiver.messages == []
    assert outside.post("/control/hotline/resend", {"message": "another"}).json() == {"messages": []}
    assert outside.post("/control/hotline/resend", {"message": refused["id"]}).json() == {"messages": [refused["id"]]}
    receiver.wait(lambda it: [each.data["id"] for each in it.messages] == ["42"])


def test_a_message_pushed_twice_has_the_same_id(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/faults", {"system": "hotline", "kind": "duplicate_push"})
    outside.post("/hotline/orders", ORDER)
    receiver.wait(lambda it: len(it.tries) == 2)
    assert len({id_ for _, id_ in receiver.tries}) == 1
    assert len(receiver.messages) == 1


def test_a_message_is_tried_until_the_platform_takes_it_in_order_with_one_id(
    outside: Outside, receiver: Receiver
) -> None:
    receiver.answers = [(503, {}), (401, {}), (200, {"nonsense": 1})]
    outside.post("/control/hotline/orders", {"orders": [ORDER, {"id": "43", "body": "另一件"}]})
    receiver.wait(lambda it: len(it.messages) == 2)
    assert [each.data["id"] for each in receiver.messages] == ["42", "43"]
    assert [id_ for _, id_ in receiver.tries[:4]] == [receiver.messages[0].id] * 4


def test_a_refused_message_is_kept_and_holds_up_nothing(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/hotline/orders", {"orders": [{"id": "41", "body": "x", "phone": "1" * 100}, ORDER]})
    receiver.wait(lambda it: len(it.messages) == 1)
    assert receiver.messages[0].data["id"] == "42"
    refused = outside.get("/hotline/pushes?state=refused")
    assert [each["subject"] for each in refused] == ["41"]
    assert "phone" in refused[0]["answer"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/hotline/orders/none", b"", 404),
        ("POST", "/hotline/orders", b"{", 400),
        ("POST", "/hotline/orders", b"[]", 400),
        ("POST", "/hotline/orders", b'{"body": ""}', 422),
        ("POST", "/hotline/orders", b'{"body": "\\ud800"}', 400),
        ("GET", "/hotline/orders?limit=many", b"", 400),
        ("POST", "/../etc/passwd", b"{}", 404),
        ("POST", "/UPPER/orders", b"{}", 404),
        ("DELETE", "/hotline/orders", b"", 404),
        ("GET", "/", b"", 404),
    ],
)
def test_bad_requests_are_told_so(outside: Outside, method: str, path: str, body: bytes, status: int) -> None:
    assert outside.client.request(method, path, content=body).status_code == status
    assert outside.get("/health")["status"] == "ok"


@contextmanager
def standin_process(data: Path, gateway: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The stand-ins as a process of their own, and their address."""
    command = [sys.executable, "-m", "workers.standins", "--port", "0", "--data", str(data), "--gateway", gateway]
    with subprocess.Popen(
        [*command, "--with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def test_nothing_is_lost_when_the_process_is_killed_while_the_platform_is_away(tmp_path: Path) -> None:
    receiver = Receiver()
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    gateway = f"http://127.0.0.1:{port}"
    with standin_process(tmp_path, gateway) as (process, url):
        httpx.post(f"{url}/hotline/orders", json=ORDER, trust_env=False).raise_for_status()
        answer = {"case": "C-1", "text": "已接通"}
        kept = httpx.post(
            f"{url}/hotline/orders/42/results", json=answer, headers={"Idempotency-Key": "j"}, trust_env=False
        )
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    server = serve_receiver(receiver, port)
    try:
        with standin_process(tmp_path, gateway) as (process, url):
            receiver.wait(lambda it: [each.data["id"] for each in it.messages] == ["42"])
            again = httpx.post(
                f"{url}/hotline/orders/42/results", json=answer, headers={"Idempotency-Key": "j"}, trust_env=False
            )
            assert again.json() == kept.json()
            effects = httpx.get(f"{url}/hotline/effects", trust_env=False).json()
            assert [each["kind"] for each in effects] == ["filed", "answered"]
    finally:
        server.shutdown()
        server.server_close()


def test_the_process_ends_cleanly_when_asked_and_when_its_parent_is_gone(tmp_path: Path) -> None:
    with standin_process(tmp_path, "http://127.0.0.1:9") as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    with standin_process(tmp_path, "http://127.0.0.1:9") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) == 0

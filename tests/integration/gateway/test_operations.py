"""对接运行 over the shipped models: partners, queues, dead letters, test messages; for system administrators alone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from processes.messaging.bus import Address, BusAway, DeadLetter, Keep, Message, QueueState, Replayed
from processes.messaging.contracts import CONTRACTS
from processes.messaging.jobs import CATALOGUE
from processes.store import peer_outbox
from processes.store.tables import Case, OutboxMessage, RefusedMessage
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.operating import count, give_up, hidden, receive, row
from tests.integration.gateway.world import HOTLINE, World

Open = Callable[..., Browser]

ADMIN = "wx.yun"

REPORT = {
    "id": "12345-1",
    "title": "供电增容",
    "body": "我公司申请供电增容已两个月，仍未批复，影响投产。",
    "place": "330502",
}

PAGES = (
    "/operations/",
    "/operations/dead-letters",
    "/operations/quarantine",
    "/operations/quarantine/1",
    "/operations/send",
)

FORMS = (
    "/operations/dead-letters/discard",
    "/operations/dead-letters/replay",
    "/operations/dead-letters/replay-all",
    "/operations/peers/1/revive",
    "/operations/quarantine/1/dismiss",
    "/operations/quarantine/1/open",
    "/operations/quarantine/1/resend",
    "/operations/quarantine/several",
    "/operations/send",
)


# ---- who may ---------------------------------------------------------------------------------------------------------


def test_every_page_and_form_of_these_pages_is_in_this_test(world: World) -> None:
    rules = [each for each in world.app.url_map.iter_rules() if each.endpoint.startswith("operations.")]
    reading = {re.sub(r"<.*?>", "1", each.rule) for each in rules if "GET" in (each.methods or ())}
    writing = {re.sub(r"<.*?>", "1", each.rule) for each in rules if "POST" in (each.methods or ())}
    assert (reading, writing) == (set(PAGES), set(FORMS))


@pytest.mark.parametrize("account", ["wx.li", "wx.wu", "wx.chen", "wx.su", "wx.pan", "zj.zhao"])
def test_nobody_but_a_system_administrator_gets_in(browser: Open, account: str) -> None:
    other = browser(account)
    for path in PAGES:
        assert "没有权限" in other.get(path, status=403)
    for path in FORMS:
        other.post(path, {"id": "x"}, "/", status=403)
    assert "对接运行" not in other.get("/")


def test_who_is_not_logged_in_is_sent_to_the_login(world: World) -> None:
    stranger = world.app.test_client()
    for path in PAGES:
        answer = stranger.get(path)
        assert (answer.status_code, answer.location.startswith("/login?next=")) == (302, True)
    for path in FORMS:
        assert stranger.post(path).status_code in (400, 401)


def test_no_form_is_taken_without_its_token(world: World, browser: Open) -> None:
    client = browser(ADMIN).client
    give_up(world, "n-1")
    for path in FORMS:
        assert client.post(path, data={"id": "row-1"}).status_code == 400
    assert len(world.services.upkeep.dead_letters()) == 1


def test_an_administrator_finds_the_pages_and_they_lead_to_each_other(browser: Open) -> None:
    admin = browser(ADMIN)
    assert 'href="/operations/"' in admin.get("/")
    page = admin.get("/operations/")
    for path in ("/operations/quarantine", "/operations/dead-letters", "/operations/send", "/integrators"):
        assert f'href="{path}"' in page
    contracts = admin.get("/integrators")
    assert 'href="/operations/"' in contracts
    assert "退出登录" in contracts


def test_the_contracts_page_has_the_staffs_frame_only_for_who_is_logged_in(browser: Open) -> None:
    assert "退出登录" not in browser().get("/integrators")
    clerk = browser("wx.chen").get("/integrators")
    assert "退出登录" in clerk
    assert "/operations/" not in clerk


# ---- how it stands -----------------------------------------------------------------------------------------------------


def test_a_quiet_platform_says_that_nothing_needs_a_hand(browser: Open) -> None:
    page = browser(ADMIN).get("/operations/")
    assert "收发正常" in page
    for kind in CATALOGUE.values():
        assert kind.title in page
    assert "12345热线" in page


def test_a_partners_messages_are_counted_by_hour_with_the_last(world: World, browser: Open) -> None:
    receive(world, "m-1", REPORT)
    count(world, "hotline", "hotline.order", "accepted", 3)
    world.clock.advance(timedelta(hours=2))
    count(world, "hotline", "hotline.order", "refused", 2)
    page = row(browser(ADMIN).get("/operations/"), "<code>hotline</code>")
    assert "近 24 小时共 5 条，每小时最多 3 条" in page
    assert "渠道来件" in page
    assert "被拒" in page


def test_a_refused_message_is_counted_to_its_partner(world: World, browser: Open) -> None:
    receive(world, "m-1", {"id": ""})
    page = row(browser(ADMIN).get("/operations/"), "<code>hotline</code>")
    assert "1 条" in page


def test_what_needs_a_hand_stands_at_the_top(world: World, browser: Open) -> None:
    give_up(world, "n-1")
    page = browser(ADMIN).get("/operations/")
    assert "死信 1 条" in page
    assert "收发正常" not in page


def test_jobs_that_nobody_takes_stand_out(world: World, browser: Open) -> None:
    states = [QueueState("jobs.notice.send", Address.JOBS, "notice.send", 7, None, 0)]
    _replace_upkeep(world, _Told(states))
    page = browser(ADMIN).get("/operations/")
    assert "“发送通知”有 7 件等待，没有工作程序在取" in page
    assert "没有工作程序" in row(page, "<code>notice.send</code>")


def test_a_broker_that_is_away_leaves_the_rest_of_the_page(world: World, browser: Open, operator: Program) -> None:
    _replace_upkeep(world, _Away())
    admin = browser(ADMIN)
    page = admin.get("/operations/")
    assert "消息队列没有应答" in page
    assert "12345热线" in page
    assert "消息队列没有应答" in admin.get("/operations/dead-letters", status=503)
    admin.post("/operations/dead-letters/replay", {"id": "x"}, "/operations/")
    assert "消息队列没有应答" in admin.get("/")
    assert "消息队列没有应答" in operator.get("/api/dead-letters", 503)["error"]
    assert operator.post("/api/dead-letters/replay", {"ids": ["x"]}, 503)["en"].startswith("the broker")


# ---- dead letters ------------------------------------------------------------------------------------------------------


def test_a_dead_letter_is_shown_with_its_reason_and_content_escaped(world: World, browser: Open) -> None:
    give_up(world, "n-1")
    page = browser(ADMIN).get("/operations/dead-letters")
    assert "发送通知" in page
    assert "连续 9 次没有应答" in page
    assert "&lt;b&gt;请及时办理&lt;/b&gt;" in page
    assert "<b>请及时" not in page


def test_no_dead_letters_is_said_so(browser: Open) -> None:
    assert "没有死信" in browser(ADMIN).get("/operations/dead-letters")


def test_the_chosen_letters_are_put_back_and_no_others(world: World, browser: Open) -> None:
    for number in range(3):
        give_up(world, f"n-{number}")
    chosen = next(each for each in world.services.upkeep.dead_letters() if each.message.id == "n-1")
    admin = browser(ADMIN)
    assert admin.post("/operations/dead-letters/replay", {"id": chosen.id}, "/operations/dead-letters")
    page = admin.get("/operations/dead-letters")
    assert "已重新投递 1 条" in page
    assert {each.message.id for each in world.services.upkeep.dead_letters()} == {"n-0", "n-2"}
    assert _waiting(world) == 1


def test_a_letter_that_is_gone_and_none_chosen_are_said_so(world: World, browser: Open) -> None:
    give_up(world, "n-1")
    admin, page = browser(ADMIN), "/operations/dead-letters"
    admin.post(f"{page}/replay", {"id": "row-999"}, page)
    assert "所选的死信已经不在" in admin.get(page)
    admin.post(f"{page}/replay", {}, page)
    assert "还没有选中" in admin.get(page)


def test_all_letters_are_put_back_part_by_part_with_progress(
    world: World, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.operations.dead.PART", 2)
    for number in range(5):
        give_up(world, f"n-{number}")
    admin, path = browser(ADMIN), "/operations/dead-letters/replay-all"
    form = hidden(admin.get("/operations/dead-letters"))
    page = admin.post(path, form, "/operations/dead-letters", status=200)
    assert re.search(r'<progress id="progress" max="5" value="2">', page)
    page = admin.post(path, hidden(page), "/operations/dead-letters", status=200)
    assert 'value="4"' in page
    admin.post(path, hidden(page), "/operations/send")
    assert "已重新投递 5 条" in admin.get("/operations/dead-letters")
    assert _waiting(world) == 5


def test_what_died_after_the_button_was_shown_is_not_put_back_with_the_rest(world: World, browser: Open) -> None:
    give_up(world, "n-0")
    admin = browser(ADMIN)
    form = hidden(admin.get("/operations/dead-letters"))
    world.clock.advance(timedelta(minutes=1))
    give_up(world, "n-1")
    admin.post("/operations/dead-letters/replay-all", form, "/operations/dead-letters")
    assert [each.message.id for each in world.services.upkeep.dead_letters()] == ["n-1"]


@pytest.mark.parametrize("before", ["", "yesterday", "2026-11-23T09:30:00", "9" * 40])
def test_a_forged_form_of_all_is_refused(world: World, browser: Open, before: str) -> None:
    give_up(world, "n-0")
    form = {"before": before, "total": "1", "done": "0", "tried": "0"}
    browser(ADMIN).post("/operations/dead-letters/replay-all", form, "/operations/dead-letters", status=400)
    assert len(world.services.upkeep.dead_letters()) == 1


# ---- test messages -----------------------------------------------------------------------------------------------------


def _offered(page: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'<option value="([^"@]+@[^"]+)"', page)]


@pytest.mark.parametrize("partner", ["hotline", "ratings", "platform"])
def test_every_message_that_a_partner_may_send_has_a_form_whose_example_fits(browser: Open, partner: str) -> None:
    admin = browser(ADMIN)
    offered = _offered(admin.get(f"/operations/send?partner={partner}"))
    outside = [each for each in CONTRACTS.values() if not each.internal and "*" not in each.type]
    types = {each.rpartition("@")[0] for each in offered}
    assert {each.type for each in outside if each.only in (None, partner)} <= types
    assert types.isdisjoint(each.type for each in outside if each.only not in (None, partner))
    for key in offered:
        page = admin.get(f"/operations/send?partner={partner}&message={key}")
        told = admin.post("/operations/send", _form(page), "/operations/send", status=None)
        assert "不符合约定" not in told, key


def test_a_report_of_the_example_becomes_a_case_once(world: World, browser: Open) -> None:
    admin = browser(ADMIN)
    form = _form(admin.get("/operations/send?partner=hotline&message=hotline.order@1"))
    page = admin.post("/operations/send", form, "/operations/send", status=200)
    number = re.search(r'问题编号 <strong class="number">([^<]+)<', page)
    assert number
    assert "没有再次生效" in admin.post("/operations/send", form, "/operations/send", status=200)
    with world.services.database.read() as connection:
        assert connection.scalars(select(Case.number)).all() == [number.group(1)]


def test_what_is_wrong_is_told_field_by_field_and_the_message_is_kept(world: World, browser: Open) -> None:
    admin = browser(ADMIN)
    form = _form(admin.get("/operations/send?partner=ratings&message=rating.given@1"))
    form |= {"f.level": "九", "f.rated_at": "昨天", "f.comment": "<i>好"}
    page = admin.post("/operations/send", form, "/operations/send", status=422)
    assert 'id="error-f-f.level">应是整数' in page
    assert "应是 RFC 3339 时间" in page
    assert "&lt;i&gt;好" in page
    with world.services.database.read() as connection:
        (kept,) = connection.execute(select(RefusedMessage.partner, RefusedMessage.headers)).all()
    assert (kept.partner, '"/operations/test"' in str(kept.headers).replace("'", '"')) == ("ratings", True)


def test_a_message_carries_what_was_typed_and_says_where_it_is_from(world: World, browser: Open) -> None:
    seen = []
    receive = world.services.inlet.receive
    world.services.inlet.receive = lambda message: seen.append(message) or receive(message)  # type: ignore[method-assign,func-returns-value]
    admin = browser(ADMIN)
    form = _form(admin.get("/operations/send?partner=hotline&message=hotline.order@1"))
    form |= {"f.title": "标题\r\n两行", "f.more": '{"urgency": "紧急"}', "f.phone": ""}
    admin.post("/operations/send", form, "/operations/send", status=200)
    (message,) = seen
    assert (message.source, message.type, message.extensions["partner"]) == (
        "/operations/test",
        "hotline.order",
        "hotline",
    )
    assert (message.data["title"], message.data["urgency"]) == ("标题\n两行", "紧急")
    assert "phone" not in message.data


def test_other_fields_that_are_no_object_are_told_before_anything_is_sent(world: World, browser: Open) -> None:
    admin = browser(ADMIN)
    form = _form(admin.get("/operations/send?partner=hotline&message=hotline.order@1"))
    page = admin.post("/operations/send", {**form, "f.more": "[1]"}, "/operations/send", status=422)
    assert "消息还没有发送" in page
    with world.services.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Case)) == 0


def test_the_commands_say_the_same_as_the_form(browser: Open) -> None:
    page = html.unescape(browser(ADMIN).get("/operations/send?partner=hotline&message=hotline.order@1"))
    curl, amqp = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert "/api/messages" in curl
    assert "-e bihuan.inbox -r hotline.order" in amqp
    assert '"title": "厂房用电报装迟迟未办"' in curl
    assert '"partner"' not in curl
    assert '"partner": "hotline"' in amqp


def test_what_a_partner_may_not_send_has_no_form(browser: Open) -> None:
    admin = browser(ADMIN)
    form = _form(admin.get("/operations/send?partner=ratings"))
    for wrong in ({"message": "job.completed@1"}, {"message": "hotline.order@1"}):
        admin.post("/operations/send", {**form, **wrong}, "/operations/send", status=400)
    admin.get("/operations/send?partner=nobody", status=404)
    assert not any(each.startswith("job.") for each in _offered(admin.get("/operations/send")))


# ---- the API -----------------------------------------------------------------------------------------------------------


def test_the_api_tells_partners_and_queues(world: World, operator: Program) -> None:
    count(world, "hotline", "hotline.order", "accepted", 3)
    hotline = next(each for each in operator.get("/api/partners")["partners"] if each["partner"] == "hotline")
    assert (sum(hotline["hourly"]), len(hotline["hourly"])) == (3, 24)
    assert hotline["last"]["type"] == "hotline.order"
    assert {"type": "hotline.order", "version": "1", "title": "渠道来件"} in hotline["may_send"]
    queues = operator.get("/api/queues")
    assert {"inbox", "dead", "jobs.notice.send"} <= {each["name"] for each in queues["queues"]}
    assert {each["topic"] for each in queues["topics"]} == set(CATALOGUE)


def test_the_api_lists_dead_letters_and_replays_one_or_all(world: World, operator: Program) -> None:
    for number in range(3):
        give_up(world, f"n-{number}")
    letters = operator.get("/api/dead-letters")["dead_letters"]
    assert {each["message"]["id"] for each in letters} == {"n-0", "n-1", "n-2"}
    assert letters[0]["topic"] == "notice.send"
    assert operator.post("/api/dead-letters/replay", {"ids": [letters[0]["id"]]}) == {
        "replayed": 1, "kept": [], "more": False,
    }  # fmt: skip
    assert operator.post("/api/dead-letters/replay", {"all": True})["replayed"] == 2
    assert operator.get("/api/dead-letters")["dead_letters"] == []
    assert _waiting(world) == 3


@pytest.mark.parametrize(
    "asked", [{}, {"ids": "row-1"}, {"ids": [1]}, {"ids": ["row-1"], "all": True}, {"all": True, "before": "now"}]
)
def test_the_api_refuses_what_it_does_not_understand(world: World, operator: Program, asked: dict[str, Any]) -> None:
    give_up(world, "n-0")
    operator.post("/api/dead-letters/replay", asked, 400)
    assert len(world.services.upkeep.dead_letters()) == 1


def test_the_api_is_the_operators_alone(world: World) -> None:
    partner = Program(world.app.test_client(), HOTLINE)
    stranger = Program(world.app.test_client(), "nobody")
    for path in ("/api/partners", "/api/queues", "/api/dead-letters"):
        partner.get(path, 403)
        stranger.get(path, 401)
    partner.post("/api/dead-letters/replay", {"all": True}, 403)


# ---- helpers -----------------------------------------------------------------------------------------------------------


class _Told:
    """An upkeep that tells what it was told to: for states that a transport without a broker never has."""

    def __init__(self, states: Sequence[QueueState]) -> None:
        self.states = states

    def queues(self) -> Sequence[QueueState]:
        return self.states

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        return ()

    def replay(self, ids: Any = None, *, before: Any = None, limit: int = 500) -> Replayed:
        return Replayed(0)

    def discard(self, ids: Any, keep: Keep) -> int:
        return 0


class _Away:
    """An upkeep whose broker is away."""

    def queues(self) -> Sequence[QueueState]:
        raise BusAway("the broker does not answer")

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        raise BusAway("the broker does not answer")

    def replay(self, ids: Any = None, *, before: Any = None, limit: int = 500) -> Replayed:
        raise BusAway("the broker does not answer")

    def discard(self, ids: Any, keep: Keep) -> int:
        raise BusAway("the broker does not answer")


def _replace_upkeep(world: World, upkeep: Any) -> None:
    object.__setattr__(world.services, "upkeep", upkeep)


def _waiting(world: World) -> int:
    """Messages in the outbox that are alive."""
    with world.services.database.read() as connection:
        alive = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.dead_at.is_(None))
        return int(connection.scalar(alive) or 0)


def _form(page: str) -> dict[str, str]:
    """The form of a message, as it is filled in."""
    text = re.search(r'<form method="post" action="/operations/send".*?</form>', page, re.DOTALL)
    assert text
    found = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', text.group(0)))
    found |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', text.group(0), re.DOTALL))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text.group(0), re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    return {name: html.unescape(value) for name, value in found.items() if name != "csrf_token"}


# ---- other deployments -----------------------------------------------------------------------------------------------


def test_what_another_deployment_has_not_got_is_shown_and_sent_again(world: World, browser: Open) -> None:
    admin = browser(ADMIN)
    assert "相连平台" not in admin.get("/operations/")
    waits, lost = (Message(each, "case.progress", "bihuan", world.clock.now(), {}) for each in ("m-1", "m-2"))
    with world.services.database.write() as connection:
        peer_outbox.put(connection, "zhejiang", waits, world.clock.now())
        peer_outbox.bury_message(connection, "zhejiang", lost, "zhejiang 仍没有收齐：缺 1 块", world.clock.now())
    page = admin.get("/operations/")
    assert "发往“zhejiang”平台的消息有 1 条没有送到，已停止发送" in page
    assert "zhejiang 仍没有收齐：缺 1 块" in page

    admin.post("/operations/peers/zhejiang/revive", {}, "/operations/")

    page = admin.get("/operations/")
    assert "已重新发往 zhejiang：1 条。" in page
    assert "已停止发送，" not in page
    with world.services.database.read() as connection:
        (waiting,) = peer_outbox.waiting(connection, 10)
    assert (waiting.messages, waiting.dead) == (2, 0)

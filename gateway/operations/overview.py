"""运行情况: whether messages come in and go out as they should, and what needs a hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gateway.context import services
from gateway.languages import said, translated
from gateway.operations.pages import blueprint
from gateway.staff.pages import show, snapshot
from processes.casework.views import connections as view
from processes.casework.views import held_up
from processes.messaging.addresses import urgent
from processes.messaging.bus import Address, BusAway, QueueState
from processes.store import peer_outbox
from processes.store.gauges import MOST

QUEUES = {
    "inbox": _l("发给平台的消息"),
    "events": _l("平台发出的事件"),
    "outbox": _l("等待发往消息队列"),
    "wait": _l("失败后等待重试"),
    "dead": _l("死信"),
}
"""What queues are called that are no job's; by the beginning of their names."""

ENDED = {"accepted": _l("已办理"), "duplicate": _l("重复"), "refused": _l("被拒")}


@dataclass(frozen=True)
class Trouble:
    """Something that needs a hand, and where that is given."""

    text: str
    verb: str
    path: str


@dataclass(frozen=True)
class JobQueue:
    """A job topic with the state of its queue, as far as the bus tells."""

    topic: view.TopicLine
    state: QueueState | None
    urgent: QueueState | None
    """of its urgent jobs, which have a queue of their own"""

    @property
    def deserted(self) -> bool:
        """Whether it is known that nobody takes its jobs, or its urgent ones though there are some."""
        known = (self.state, self.urgent if self.urgent and self.urgent.ready else None)
        return any(each is not None and each.consumers == 0 for each in known)

    @property
    def waits(self) -> int:
        """Jobs that nobody has answered."""
        return max(self.topic.open, sum(each.ready for each in (self.state, self.urgent) if each is not None))


@dataclass(frozen=True)
class Standing:
    """How it stands. ``away``: the transport does not answer, and nothing is known of its queues."""

    away: BusAway | None
    states: Sequence[QueueState]
    partners: Sequence[view.PartnerLine]
    jobs: Sequence[JobQueue]
    systems: Sequence[held_up.SystemLine]
    peers: Sequence[peer_outbox.Waiting]

    @property
    def queues(self) -> Sequence[QueueState]:
        """Those that are no job's."""
        return [each for each in self.states if each.address is not Address.JOBS]


@blueprint.get("/")
def overview() -> Response:
    """Partners, queues, and jobs for other systems."""
    found = standing()
    return show(
        "operations/overview.html",
        here="operations",
        tab="overview",
        away=said(found.away) if found.away else "",
        partners=found.partners,
        jobs=found.jobs,
        systems=found.systems,
        queues=found.queues,
        peers=found.peers,
        troubles=[
            *_down(found.systems),
            *_troubles(found.states, found.partners, found.jobs),
            *_lost(found.peers),
        ],
        arrived=view.together(line.hourly for line in found.partners),
        ended=ENDED,
        name_of=name_of,
    )


def standing() -> Standing:
    """How it stands now."""
    here = services()
    away: BusAway | None = None
    states: Sequence[QueueState] = ()
    try:
        states = here.upkeep.queues()
    except BusAway as error:
        away = error
    now = here.clock.now()
    with here.database.read() as connection:
        partners = view.partners(connection, snapshot().reference, here.settings.partners.values(), here.inlet, now)
        topics = view.topics(connection, now)
        down = held_up.systems(connection)
        peers = peer_outbox.waiting(connection, MOST)
    by_topic = {each.topic: each for each in states if each.address is Address.JOBS}
    jobs = [JobQueue(each, by_topic.get(each.topic), by_topic.get(urgent(each.topic))) for each in topics]
    return Standing(away, states, partners, jobs, down, peers)


def name_of(queue: str) -> str:
    """What a queue is called."""
    kind, _dot, delay = queue.partition(".")
    name = str(QUEUES.get(kind, _("其他系统的队列")))
    if kind == "wait" and delay.isdigit():
        return _("%(queue)s（%(seconds)s 秒）", queue=name, seconds=f"{int(delay) / 1000:g}")
    return name


def _troubles(
    states: Sequence[QueueState], partners: Sequence[view.PartnerLine], jobs: Sequence[JobQueue]
) -> Iterator[Trouble]:
    for each in jobs:
        title = translated(each.topic.title) or each.topic.topic
        if each.deserted and each.waits:
            deserted = _("“%(job)s”有 %(count)s 件等待，没有工作程序在取", job=title, count=f"{each.waits:,}")
            yield Trouble(deserted, _("查看"), f"#job-{each.topic.topic}")
        if each.topic.failed:
            failed = _("“%(job)s”有 %(count)s 件多次失败后停下", job=title, count=f"{each.topic.failed:,}")
            yield Trouble(failed, _("去重试"), url_for("staff.incidents"))
    refused = sum(each.refused for each in partners)
    if refused:
        kept = _("隔离区 %(count)s 条：不符合约定，没有生效", count=f"{refused:,}")
        yield Trouble(kept, _("去处理"), url_for("operations.quarantine"))
    dead = sum(each.ready for each in states if each.name == "dead")
    if dead:
        given_up = _("死信 %(count)s 条：多次处理失败，已停止投递", count=f"{dead:,}")
        yield Trouble(given_up, _("去处理"), url_for("operations.dead_letters"))


def _down(systems: Sequence[held_up.SystemLine]) -> Iterator[Trouble]:
    for each in systems:
        down = _(
            "外部系统 %(system)s 没有正常答复，%(count)s 件任务在等它恢复", system=each.system, count=f"{each.jobs:,}"
        )
        yield Trouble(down, _("查看"), "#systems")


def _lost(peers: Sequence[peer_outbox.Waiting]) -> Iterator[Trouble]:
    for each in peers:
        if each.dead:
            lost = _(
                "发往“%(peer)s”平台的消息有 %(count)s 条没有送到，已停止发送", peer=each.peer, count=f"{each.dead:,}"
            )
            yield Trouble(lost, _("查看"), "#peers")

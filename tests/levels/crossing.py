"""One round of the tour of the levels: four problems of the city's, and what must have come of them in both deployments."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import func, select

from gateway.client import scenario, trace
from gateway.client.player import Play, Stuck
from processes.casework import attachments
from processes.store.tables import (
    Attachment,
    AwaitedFile,
    Case,
    Incident,
    PeerMessage,
    RefusedMessage,
)
from tests.levels.places import CITY, PROVINCE
from tests.levels.world import Levels
from tests.tour.effects import doubled

PATIENCE = 90.0
"""Seconds that a step may take: both deployments share the machine."""

PROBLEMS: Mapping[str, tuple[str, str]] = {
    "answered": (
        "跨省采购的货款被拖欠，请求协调",
        "我公司向外省某集团供货，对方拖欠货款一千二百万元，账户在外省，执行有困难。请逐级协调。",
    ),
    "returned": (
        "外省法院冻结账户后无法解冻",
        "我公司账户被外省法院冻结，纠纷已和解，对方法院迟迟不解冻，影响发工资。跨省管不了，请协调。",
    ),
    "withdrawn": (
        "外省电商平台拒不退还保证金",
        "我公司在外省某电商平台的保证金被扣，平台拒不退还，申诉无果，影响资金周转。请省里出面协调。",
    ),
    "attached": (
        "省外专利侵权取证困难",
        "我公司发明专利被外省三家企业仿制，外省监管部门不配合取证，附合同和检测报告，请省级部门帮助对接。",
    ),
}

T = TypeVar("T")


class Round:
    """``cut``: the link is down for the middle third; ``older``: they speak version 1, which carries no attachments."""

    def __init__(self, levels: Levels, name: str, *, cut: bool, older: bool, megabytes: float) -> None:
        self._levels, self._name, self._cut, self._older = levels, name, cut, older
        self._files = {
            "合同.pdf": random.Random(1).randbytes(int(megabytes * 2**20 * 0.8)),
            "检测报告.pdf": random.Random(2).randbytes(int(megabytes * 2**20 * 0.2)),
        }
        self._steps = 0
        self._plays: dict[str, Play] = {}
        self._above: dict[str, Play] = {}

    def play(self) -> list[str]:
        """Play the round; returns what is wrong in the end. Raises :class:`Stuck`."""
        for name in ("answered", "returned", "withdrawn"):
            self._escalate(name)
        for name in ("answered", "returned", "withdrawn"):
            self._receive(name)
        if self._cut:
            self._levels.cut()
            print("  链路已断", flush=True)
        self._middle()
        if self._cut:
            self._levels.advance(timedelta(days=1))
            self._nothing_crosses()
            self._levels.heal()
            print("  一天以后，链路恢复", flush=True)
        self._end()
        return self._judge()

    # -- the three thirds ------------------------------------------------------------------------------------------------

    def _middle(self) -> None:
        """The province decides two of its cases; the enterprise of another withdraws; one more goes up, with its files."""
        self._do(
            self._above["answered"],
            "route",
            outcome="answered",
            resolution="solved",
            answer="对方集团已分两期支付货款。",
        )
        self._do(self._above["returned"], "route", outcome="returned", guidance="请先组织与对方法院会商。")
        self._take(self._plays["withdrawn"], {"outside": "hotline/withdraw", "body": {"reason": "两省已经协商好了。"}})
        self._take(self._plays["withdrawn"], {"until": {"closed": True}})
        self._escalate("attached")

    def _nothing_crosses(self) -> None:
        """All that was said lies in the outboxes: the withdrawal and the new case on one side, the two decisions on the other."""
        self._until("市级平台有 2 件消息等着发出", lambda: self._count(CITY, PeerMessage) == 2)
        self._until("省级平台有消息等着发出", lambda: self._count(PROVINCE, PeerMessage) >= 2)
        waiting = {name: self._count(name, PeerMessage) for name in (CITY, PROVINCE)}
        print(f"  等着发出的消息：{'，'.join(f'{name} {count}' for name, count in waiting.items())}", flush=True)

    def _end(self) -> None:
        self._receive("attached")
        self._do(self._above["attached"], "route", outcome="answered", resolution="solved", answer="已与外省对接取证。")
        self._do(self._plays["returned"], "route", outcome="answered", resolution="solved", answer="会商后账户已解冻。")
        for name in ("answered", "returned", "attached"):
            self._take(self._plays[name], {"outside": "ratings/rate", "body": {"level": 5, "comment": "办好了。"}})
            self._take(self._plays[name], {"until": {"closed": True}})
        self._take(self._above["withdrawn"], {"until": {"closed": True}})

    # -- steps -----------------------------------------------------------------------------------------------------------

    def _escalate(self, name: str) -> None:
        title, body = PROBLEMS[name]
        world = self._levels.city
        about = {
            "channel": "hotline",
            "through": "system",
            "place": "3305",
            "title": title,
            "body": f"{body}（{self._name}）",
            "enterprise": f"湖州{name}示例有限公司",
            "contact": "费先生",
            "phone": "13905720016",
        }
        made = scenario.parse({"name": name, "about": title, "report": about, "steps": []})
        play = Play(world.api(), made, f"{name}-{self._name}", world.outside(), world.clock, patience=PATIENCE)
        self._plays[name] = play
        play.report()
        self._do(play, "sign", outcome="accept")
        self._do(play, "handle", outcome="cannot", reason="事涉外省，本板块办不了，请中心统筹。")
        if name == "attached":
            self._attach(play)
        self._do(play, "route", outcome="escalation", reason="跨省事项，请省级协调。")

    def _attach(self, play: Play) -> None:
        case, database = str(play.family().root["id"]), self._levels.database(CITY)
        for name, body in self._files.items():
            with database.write() as connection:
                attachments.add(connection, case, name, "application/pdf", body, self._levels.city.clock.now())

    def _receive(self, name: str) -> None:
        """Wait until the province has the case."""
        case, world = str(self._plays[name].family().root["id"]), self._levels.province

        def child() -> str | None:
            with self._levels.database(PROVINCE).read() as connection:
                return connection.scalar(select(Case.number).where(Case.parent == case))

        above = Play(
            world.api(), self._plays[name].scenario, f"{name}-{self._name}-above", world.outside(), patience=PATIENCE
        )
        above.number = self._until(f"{name}：省级平台收到案件", child)
        self._above[name] = above

    def _do(self, play: Play, task: str, **form: Any) -> None:
        self._take(play, {"task": task, "form": form})

    def _take(self, play: Play, step: Mapping[str, Any]) -> None:
        made = scenario.parse({"name": "step", "report": {"channel": "hotline"}, "steps": [step]})
        self._steps += 1
        play.take(self._steps, made.steps[0])

    def _until(self, what: str, look: Callable[[], T | None]) -> T:
        until = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > until:
                raise Stuck(f"{self._name}：{what}：等了 {PATIENCE:g} 秒没有等到", f"{what}: timed out")
            time.sleep(0.1)
        return found

    # -- what has come of it ---------------------------------------------------------------------------------------------

    def _judge(self) -> list[str]:
        wrong: list[str] = []
        for name, play in self._plays.items():
            family, above = play.family(), self._above[name].family()
            print("\n" + trace.family(family) + "\n\n" + trace.family(above), flush=True)
            expected = "withdrawn" if name == "withdrawn" else "solved"
            up = {"withdrawn": "withdrawn", "returned": "returned"}.get(name, "solved")
            for where, case, outcome in ((CITY, family.root, expected), (PROVINCE, above.root, up)):
                if case["outcome"] != outcome or case["closed_at"] is None:
                    wrong.append(
                        f"{name}：{where} 的 {case['number']} 是 {case['outcome']}（{case['status']}），应是 {outcome}"
                    )
            wrong += doubled(play, family)
            wrong += self._same_file(name, family.root, above.root)
        self._until(
            "两边没有等着发出的消息",
            lambda: not any(self._count(each, PeerMessage) for each in (CITY, PROVINCE)) or None,
        )
        for name in (CITY, PROVINCE):
            for table in (RefusedMessage, Incident, AwaitedFile):
                if count := self._count(name, table):
                    wrong.append(f"{name} 有 {count} 行 {table.__tablename__}")
        return wrong

    def _same_file(self, name: str, below: Mapping[str, Any], above: Mapping[str, Any]) -> list[str]:
        """One child case, of the same problem, with the same files."""
        wrong = []
        with self._levels.database(PROVINCE).read() as connection:
            children = connection.scalar(select(func.count()).where(Case.parent == below["id"]))
            rows = connection.execute(
                select(Attachment.name, Attachment.id).where(Attachment.case_id == above["id"])
            ).all()
            found = {row.name: b"".join(attachments.read(connection, row.id)) for row in rows}
        if children != 1:
            wrong.append(f"{name}：省级平台有 {children} 件，应是 1 件")
        if above["title"] != below["title"]:
            wrong.append(f"{name}：题目不同")
        if found != (self._files if name == "attached" and not self._older else {}):
            wrong.append(f"{name}：附件不同（{ {each: len(body) for each, body in found.items()} }）")
        return wrong

    def _count(self, name: str, table: Any) -> int:
        with self._levels.database(name).read() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

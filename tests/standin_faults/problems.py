"""The problems of the campaign: drawn by a seed, over every channel, for every board and the seven lists."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.world import MODELS

PLACE = "330502"

BY_SYSTEM, MAJOR, REFUSED = "by-system", "major", "refused"
"""Sorts that a fault of one system needs: a board with a business system, a problem for the seven lists; and one that is turned away."""

WORDS: Mapping[str, Sequence[tuple[str, str]]] = {
    "board": (
        ("流动资金贷款到期，请求协助续贷", "我公司流动资金贷款下月到期，银行要求先还清再审批，请帮助对接续贷。"),
        ("惠企补贴资金迟迟没有兑现", "我公司去年通过了补贴申报，至今没有到账，请予兑现。"),
        ("用电扩容报装没有答复", "我公司新厂房申请用电扩容两个月没有答复，设备无法投产。"),
        ("招工难，请求组织专场招聘", "我公司新线投产缺技工八十人，招工困难，请协助组织招聘。"),
        ("专利申请资助如何办理", "我公司研发的新产品已申请专利，请问资助如何办理。"),
        ("出口报关查验时间过长", "我公司出口货物报关查验时间长，影响交货，请协调海关。"),
    ),
    BY_SYSTEM: (
        ("数据接口账号无法登录", "我公司申请的公共数据接口开通后，账号无法登录，调用一直报错，希望尽快恢复。"),
        ("童装面料供应链断供", "我公司做童装加工，面料断供，产业链上下游停产，请帮助对接货源。"),
    ),
    MAJOR: (
        (
            "相邻仓库存在重大安全隐患",
            "我公司隔壁厂区的危化品仓库存在重大安全隐患，多次报告没有整改，影响我公司生产经营。",
        ),
    ),
    REFUSED: (
        (
            "在网店买的羽绒服质量差，要求退款",
            "我上周在网上的一家童装店给孩子买了一件羽绒服，穿了两天就跑绒，联系商家不给退款。",
        ),
    ),
}
"""Sort → titles and bodies that the shipped decision tables send there."""

MIX = {"board": 8, BY_SYSTEM: 3, MAJOR: 2, REFUSED: 1}
"""How often each sort comes when it does not matter."""


@dataclass(frozen=True)
class Problem:
    """A problem as somebody files it in a channel's system."""

    sort: str
    channel: str
    original: str
    order: Mapping[str, str]


def channels() -> list[str]:
    """The channels of the reference data whose systems file problems; a service rating is no order, and the portal is no other system."""
    with (MODELS / "reference" / "channels.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row["code"] for row in csv.DictReader(file) if row["code"] not in ("rating", "portal")]


def draw(name: str, count: int, chance: random.Random, sort: str = "") -> list[Problem]:
    """So many problems, of one sort or of all, the first one that is handled to its end; each channel has its turn."""
    known = channels()
    sorts = [sort] * count if sort else ["board", *chance.choices(list(MIX), list(MIX.values()), k=count - 1)]
    return [_problem(each, known[at % len(known)], f"{name}-{at:04}", chance) for at, each in enumerate(sorts)]


def _problem(sort: str, channel: str, original: str, chance: random.Random) -> Problem:
    title, body = chance.choice(WORDS[sort])
    # Long enough that no two are near-duplicates of each other, and made of signs that no decision table looks for.
    serial = "".join(chance.choices("bcdfghjkmnpqrstvwxz23456789", k=200))
    order = {"id": original, "title": title, "body": f"{body}（附件流水号 {serial}）", "place": PLACE}
    if sort != REFUSED:
        order |= {"enterprise": f"湖州{original}有限公司", "contact": "某女士", "phone": "13905720000"}
    return Problem(sort, channel, original, order)

"""What may be asked for: a service for each board of a place, one for those who do not know which, and what each wants to be told.

The choice is the enterprise's; which board handles the problem is for the diagrams and their tables to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from flask import Response, jsonify

from gateway.context import services
from gateway.open311.access import Refused, blueprint, jurisdiction
from processes.casework.reference import Reference

ANY = "problem"
"""the service of those who do not know which board it is"""


@dataclass(frozen=True)
class Service:
    """A service as the standard describes it."""

    service_code: str
    service_name: str
    description: str
    group: str
    metadata: bool = True
    type: str = "realtime"
    keywords: str = ""


@dataclass(frozen=True)
class Attribute:
    """Something that a service wants to be told; clients send it as ``attribute[code]``."""

    code: str
    description: str
    datatype: str
    datatype_description: str
    required: bool
    order: int
    variable: bool = True


ATTRIBUTES = (
    Attribute("enterprise", "企业名称", "string", "营业执照上的全称", True, 1),
    Attribute("uscc", "统一社会信用代码", "string", "18 位；不清楚可以不填", False, 2),
    Attribute("title", "问题标题", "string", "一句话说清是什么事", False, 3),
)
"""the same for every service: a diagram asks for more where it needs it"""


def offered(reference: Reference, place: str | None) -> Mapping[str, Service]:
    """The services of a place, or of all places, by code."""
    found = {ANY: Service(ANY, "涉企问题", "不清楚归哪个板块的，选这一项。", "综合")}
    for where in (place,) if place else reference.places:
        for board in reference.boards(where):
            words = f"企业在“{board.name}”方面遇到的困难和诉求。"
            found.setdefault(board.code, Service(board.code, board.name, words, "增值服务板块"))
    return found


@blueprint.get("/services.json")
def list_services() -> Response:
    """The services of a place (``jurisdiction_id``), or of all."""
    reference = services().snapshots.now().reference
    return jsonify([asdict(each) for each in offered(reference, jurisdiction(reference)).values()])


@blueprint.get("/services/<code>.json")
def definition(code: str) -> Response:
    """What a service wants to be told."""
    reference = services().snapshots.now().reference
    require(offered(reference, jurisdiction(reference)), code)
    return jsonify({"service_code": code, "attributes": [asdict(each) for each in ATTRIBUTES]})


def require(known: Mapping[str, Service], code: str) -> Service:
    """The service of a code. Raises :class:`Refused`."""
    if code not in known:
        raise Refused(404, f"没有服务（service_code）{code[:40]}")
    return known[code]

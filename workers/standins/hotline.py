"""The 12345 hotline: a channel's system that rules on returns and extensions, urges, and calls the people back.

Its orders have the fields of real ones (``task_number``, ``description`` …, see ``processes.messaging.hotline``) and go to the
platform as ``hotline.order``, second version; an order filed with a channel's plain fields (``id``, ``body``) goes as the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.standins.channel import ChannelSystem, now_of
from workers.standins.store import Json, Ledger, Store
from workers.standins.system import Refused, Reply, Request, next_step, script_subject, write_script

EXTENSIONS = "extensions"
"""the kind of script that rules on extensions"""

_REAL_NAMES = {
    "id": "task_number",
    "body": "description",
    "title": "subject",
    "submitted_at": "accepted_at",
    "place": "area",
    "contact": "caller",
}
"""a channel's plain fields → the hotline's; all others have the same name"""

_RESULTS = (0, 1, 2, 3)


class HotlineSystem(ChannelSystem):
    """``GET /hotline/orders/<task_number>`` shows an order with its whole history."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (*self.routes, ("POST", "orders/*/extensions", self._extension))
        self.controls = (
            *self.controls,
            ("POST", "urge", self._urge),
            ("POST", "redispatch", self._redispatch),
            ("POST", "extension", self._rule),
            ("POST", "call-back", self._call_back),
        )

    def version_of(self, type_: str, data: Json) -> str:
        return "2" if type_ == f"{self.name}.order" and "task_number" in data else "1"

    # ---- orders ------------------------------------------------------------------------------------------------------

    def _filed(self, ledger: Ledger, fields: Mapping[str, Any]) -> Json:
        if "task_number" not in fields and "description" not in fields:
            return super()._filed(ledger, fields)
        if not str(fields.get("description") or "").strip():
            raise Refused(422, "field_missing", "缺少字段 description")
        number = str(fields.get("task_number") or f"{self.name}-{ledger.now:%Y%m%d}-{ledger.next_number('order'):05}")
        if ledger.get("order", number):
            raise Refused(422, "order_exists", f"编号 {number} 已经有了")
        fields = {"accepted_at": now_of(ledger), **fields, "task_number": number}
        order = {"id": number, "status": "filed", "case": None, "fields": fields}
        ledger.put("order", number, order)
        ledger.effect("filed", number, fields)
        ledger.push(f"{self.name}.order", number, fields)
        return order

    def _callback(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        if request.body.get("result", 0) not in _RESULTS:
            raise Refused(422, "result_unknown", "办理结果是 0 到 3")
        return super()._callback(ledger, request, id_)

    def _redispatch(self, ledger: Ledger, request: Request) -> Reply:
        """The hotline does not agree that an order was given back, or is not content: it sends it once more."""
        order = self._order(ledger, request)
        if order["status"] not in ("refused", "answered"):
            raise Refused(409, "not_returned", f"编号 {order['id']} 没有退回，也没有办结")
        fields = {_REAL_NAMES.get(name, name): value for name, value in order["fields"].items()}
        if "description" not in fields:
            raise Refused(409, "no_fields", f"编号 {order['id']} 只有编号，没有内容")
        reason = str(request.body.get("reason") or "不同意退回：属于你单位职责。")
        fields |= {"round": int(fields.get("round") or 1) + 1, "round_reason": reason}
        fields["flags"] = [*dict.fromkeys([*fields.get("flags", []), "退回"])]
        ledger.put("order", order["id"], {**order, "status": "filed", "case": None, "fields": fields})
        ledger.effect("redispatched", order["id"], fields)
        return Reply(202, {"message": ledger.push(f"{self.name}.order", order["id"], fields)})

    # ---- more time ---------------------------------------------------------------------------------------------------

    def _extension(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        """The platform asks for more time."""
        request.text("reason")
        order = ledger.get("order", id_) or {"id": id_, "status": "handed_over", "case": None, "fields": {"id": id_}}
        if order["status"] == "closed" or order.get("extended"):
            raise Refused(422, "extension_refused", f"编号 {id_} 已经关闭，或已延过期")
        asked = f"{self.name}-extension-{ledger.next_number('extension')}"
        order = {**order, "extension": {"request": asked, "case": request.body.get("case"), **request.body}}
        ledger.put("order", id_, order)
        ledger.effect("extension_asked", id_, {"request": asked, **request.body})
        step = next_step(ledger, id_, request.body.get("case"), kind=EXTENSIONS)
        if step is not None:
            self._ruled(ledger, order, bool(step), "")
        return Reply(201, {"request": asked})

    def _rule(self, ledger: Ledger, request: Request) -> Reply:
        order = self._order(ledger, request)
        if order.get("extension") is None:
            raise Refused(409, "not_asked", f"编号 {order['id']} 没有待审核的延期申请")
        granted, reason = bool(request.body.get("granted")), str(request.body.get("reason") or "")
        return Reply(202, {"message": self._ruled(ledger, order, granted, reason)})

    def _ruled(self, ledger: Ledger, order: Json, granted: bool, reason: str) -> str:
        asked = order["extension"]
        ledger.put("order", order["id"], {**order, "extension": None, "extended": granted})
        said = {"case": asked["case"], "request": asked["request"], "granted": granted, "ruled_at": now_of(ledger)}
        said |= {"due_at": asked["due_at"]} if granted and asked.get("due_at") else {}
        said |= {"reason": reason} if reason else {}
        ledger.effect("extension_ruled", order["id"], said)
        return self._push(ledger, "hotline.extension-ruled", order, said)

    # ---- urging and calling back -------------------------------------------------------------------------------------

    def _urge(self, ledger: Ledger, request: Request) -> Reply:
        order = self._order(ledger, request)
        times = order.get("urged", 0) + 1
        ledger.put("order", order["id"], {**order, "urged": times})
        reason = str(request.body.get("reason") or "来电人再次询问进展，请尽快联系。")
        said = {"reason": reason, "times": times, "urged_at": now_of(ledger)}
        ledger.effect("urged", order["id"], said)
        return Reply(202, {"message": self._push(ledger, "hotline.urged", order, said)})

    def _call_back(self, ledger: Ledger, request: Request) -> Reply:
        order = self._order(ledger, request)
        if order["status"] != "answered":
            raise Refused(409, "not_answered", f"编号 {order['id']} 还没有办理结果")
        level, solved = request.body.get("level"), request.body.get("solved", 0)
        if level not in (1, 2, 3, 4, 5) or solved not in (0, 1, 2):
            raise Refused(422, "level_unknown", "满意度是 1 到 5，是否解决是 0 到 2")
        said = {"level": level, "solved": solved, "called_at": now_of(ledger)}
        if request.body.get("comment"):
            said["comment"] = str(request.body["comment"])
        ledger.effect("called_back", order["id"], said)
        return Reply(202, {"message": self._push(ledger, "hotline.called-back", order, said)})

    def _script(self, ledger: Ledger, request: Request) -> Reply:
        if EXTENSIONS in request.body:
            write_script(ledger, script_subject(request), [bool(each) for each in request.body[EXTENSIONS]], EXTENSIONS)
        return super()._script(ledger, request)

"""A channel's system: 浙里办 and its like by name; what the 12345 hotline has besides is :mod:`workers.standins.hotline`.

People file orders in it, it pushes each to the platform as ``<channel>.order``, and the platform sends back what becomes
of it: refused, asked, progress, answered. An order it never saw is taken in on first contact, as a hotline does that
has handed over its orders as a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.standins.store import Json, Ledger, Store
from workers.standins.system import Refused, Reply, Request, System, next_step, script_subject, write_script

_CALLBACKS = {
    # segment of the path → (effect, status of the order after it; None: as it was, field with the words)
    "refusals": ("refused", "refused", "reason"),
    "results": ("answered", "answered", "text"),
    "questions": ("asked", "asked", "text"),
    "progress": ("progress", None, "text"),
}


class ChannelSystem(System):
    """``GET /hotline/orders/<id>`` shows an order with its whole history."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (
            ("POST", "orders", self._file),
            ("GET", "orders", self._list),
            ("GET", "orders/*", self._show),
            *(("POST", f"orders/*/{segment}", self._callback) for segment in _CALLBACKS),
        )
        self.controls = (
            ("POST", "orders", self._file_many),
            ("POST", "supplement", self._supplement),
            ("POST", "withdraw", self._withdraw),
            ("POST", "close", self._close),
            ("POST", "script", self._script),
        )

    # ---- people ------------------------------------------------------------------------------------------------------

    def _file(self, ledger: Ledger, request: Request) -> Reply:
        order = self._filed(ledger, request.body)
        return Reply(201, order)

    def _file_many(self, ledger: Ledger, request: Request) -> Reply:
        rows = request.body.get("orders", [request.body])
        return Reply(201, {"orders": [self._filed(ledger, row)["id"] for row in rows]})

    def _filed(self, ledger: Ledger, fields: Mapping[str, Any]) -> Json:
        if not str(fields.get("body") or "").strip():
            raise Refused(422, "field_missing", "缺少字段 body")
        id_ = str(fields.get("id") or f"{self.name}-{ledger.now:%Y%m%d}-{ledger.next_number('order'):05}")
        if ledger.get("order", id_):
            raise Refused(422, "order_exists", f"编号 {id_} 已经有了")
        fields = {"submitted_at": ledger.now.isoformat(timespec="seconds"), **fields, "id": id_}
        order = {"id": id_, "status": "filed", "case": None, "fields": fields}
        ledger.put("order", id_, order)
        ledger.effect("filed", id_, fields)
        ledger.push(f"{self.name}.order", id_, fields)
        return order

    def _list(self, ledger: Ledger, request: Request) -> Reply:
        status, limit = request.query.get("status"), int(request.query.get("limit", "100"))
        orders = [order for order in ledger.every("order") if status in (None, order["status"])]
        return Reply(200, {"total": len(orders), "orders": orders[:limit]})

    def _show(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        order = ledger.get("order", id_)
        if order is None:
            raise Refused(404, "order_unknown", f"没有编号为 {id_} 的来件")
        return Reply(200, {**order, "history": self.store.rows("effect", 10_000, subject=id_)})

    # ---- the platform ------------------------------------------------------------------------------------------------

    def _callback(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        effect, status, words = _CALLBACKS[request.path[-1]]
        request.text(words)
        order = ledger.get("order", id_) or {"id": id_, "status": "handed_over", "case": None, "fields": {"id": id_}}
        if order["status"] == "closed":
            raise Refused(422, "order_closed", f"编号 {id_} 已经关闭")
        # A superior place asks under a number of its own; the order stays the one that took it in.
        case = request.body.get("case")
        order = {**order, "status": status or order["status"], "case": order["case"] or case}
        if effect == "asked":
            order["asked_by"] = case
        ledger.put("order", id_, order)
        seq = ledger.effect(effect, id_, request.body)
        self._answer_by_script(ledger, effect, order)
        return Reply(201, {"delivered": True, "receipt": f"{self.name}-{seq}"})

    def _answer_by_script(self, ledger: Ledger, effect: str, order: Json) -> None:
        step = next_step(ledger, order["id"], order.get("asked_by")) if effect == "asked" else None
        if step is not None:
            self._supplemented(ledger, order, str(step))

    # ---- the enterprise ----------------------------------------------------------------------------------------------

    def _supplement(self, ledger: Ledger, request: Request) -> Reply:
        order = self._order(ledger, request)
        if order["status"] != "asked":
            raise Refused(409, "not_asked", f"编号 {order['id']} 没有待补正的要求")
        return Reply(202, {"message": self._supplemented(ledger, order, request.text("text"))})

    def _supplemented(self, ledger: Ledger, order: Json, text: str) -> str:
        ledger.put("order", order["id"], {**order, "status": "supplemented"})
        ledger.effect("supplemented", order["id"], {"text": text})
        said = {"case": order.get("asked_by"), "text": text, "answered_at": now_of(ledger)}
        return self._push(ledger, "supplement.answered", order, said)

    def _withdraw(self, ledger: Ledger, request: Request) -> Reply:
        order = self._order(ledger, request)
        if order["status"] in ("refused", "withdrawn"):
            raise Refused(409, "not_open", f"编号 {order['id']} 已经退回或撤回")
        reason = str(request.body.get("reason") or "问题已自行解决。")
        ledger.put("order", order["id"], {**order, "status": "withdrawn"})
        ledger.effect("withdrawn", order["id"], {"reason": reason})
        said = {"reason": reason, "requested_at": now_of(ledger)}
        return Reply(202, {"message": self._push(ledger, "withdrawal.requested", order, said)})

    def _close(self, ledger: Ledger, request: Request) -> Reply:
        """Its own time for the order is over: it takes nothing more for it, and tells nobody."""
        order = self._order(ledger, request)
        ledger.put("order", order["id"], {**order, "status": "closed"})
        ledger.effect("closed", order["id"], {})
        return Reply(200, {"status": "closed"})

    def _push(self, ledger: Ledger, type_: str, order: Json, data: Mapping[str, Any]) -> str:
        whose = {"channel": self.name, "original": order["id"]}
        return ledger.push(type_, order["id"], {**whose, **data})

    def _script(self, ledger: Ledger, request: Request) -> Reply:
        if "supplements" in request.body:
            write_script(ledger, script_subject(request), [str(each) for each in request.body["supplements"]])
        return Reply(200, {"for": script_subject(request)})

    def _order(self, ledger: Ledger, request: Request) -> Json:
        if request.body.get("original"):
            found = ledger.get("order", str(request.body["original"]))
        else:
            case = request.text("case")
            found = next((each for each in ledger.every("order") if case in (each["case"], each.get("asked_by"))), None)
        if found is None:
            raise Refused(404, "order_unknown", "没有这一件")
        return found


def now_of(ledger: Ledger) -> str:
    """The time, as messages tell it."""
    return ledger.now.isoformat(timespec="seconds")

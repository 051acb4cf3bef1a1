"""Boards' business systems: take an order, accept it, tell how far it is, and end it with a result or give it back.

One program serves several boards here, as a vendor's does; each order is of one board. A case that is ordered again (after
an extension, say) is a new order with a number of its own.
"""

from __future__ import annotations

from typing import Any

from workers.standins.store import Json, Ledger, Store
from workers.standins.system import Refused, Reply, Request, System, next_step, script_subject, write_script

STEPS = ("accept", "progress", "result", "return")
ENDED = frozenset({"result", "return", "cancelled"})


class BoardSystems(System):
    """``GET /boards/<board>/orders/<case>`` shows a case's newest order with its history. A script's steps are those of
    ``STEPS``, each a word or ``{step: fields}``; the steps of one order are one list."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (
            ("POST", "*/orders", self._order),
            ("POST", "*/orders/*/cancel", self._cancel),
            ("GET", "*/orders/*", self._show),
        )
        self.controls = (
            *(("POST", step, self._control) for step in STEPS),
            ("POST", "refuse", self._refuse),
            ("POST", "script", self._script),
        )

    def _order(self, ledger: Ledger, request: Request, board: str) -> Reply:
        case = request.text("case")
        if board in (ledger.get("setting", "refusing") or {"boards": []})["boards"]:
            raise Refused(422, "order_refused", f"{board} 的业务系统不接收")
        before = ledger.get("order", case)
        if before and before["status"] not in ENDED:
            ledger.effect("superseded", case, {"reference": before["reference"]})
        reference = f"BK-{ledger.now:%Y}-{ledger.next_number('order'):05}"
        order = {"case": case, "board": board, "reference": reference, "status": "received", "fields": request.body}
        ledger.put("order", case, order)
        ledger.effect("received", case, {"reference": reference, **request.body})
        plan = next_step(ledger, case)
        for number, step in enumerate(plan["steps"] if plan else []):
            ((what, said),) = step.items()
            self._tell(ledger, order, what, said, number * float(plan["seconds"]))
        return Reply(201, {"reference": reference})

    def _cancel(self, ledger: Ledger, request: Request, board: str, case: str) -> Reply:
        order, reference = ledger.get("order", case), request.body.get("reference")
        if order is None or order["board"] != board:
            return Reply(200, {"state": "unknown"})
        if order["status"] in ENDED or reference not in (None, order["reference"]):
            return Reply(200, {"state": "ended"})
        order["status"] = "cancelled"
        ledger.put("order", case, order)
        ledger.effect("cancelled", case, {"reference": order["reference"], **request.body})
        return Reply(200, {"state": "cancelled"})

    def _show(self, ledger: Ledger, request: Request, board: str, case: str) -> Reply:
        order = self._known(ledger, case)
        if order["board"] != board:
            raise Refused(404, "order_unknown", f"{board} 没有收到过 {case}")
        return Reply(200, {**order, "history": self.store.rows("effect", 10_000, subject=case)})

    def _control(self, ledger: Ledger, request: Request) -> Reply:
        order = self._known(ledger, request.text("case"))
        said = {name: value for name, value in request.body.items() if name not in ("case", "original")}
        return Reply(202, {"message": self._tell(ledger, order, request.path[-1], said)})

    def _tell(self, ledger: Ledger, order: Json, what: str, said: Json, after: float = 0.0) -> str:
        if order["status"] in ENDED:
            raise Refused(409, "already_ended", f"{order['case']} 已经办结、退回或撤销")
        told = {name: order[name] for name in ("case", "board", "reference")}
        told |= {**_USUAL[what], **said, "at": ledger.now.isoformat(timespec="seconds")}
        order["status"] = what
        ledger.put("order", order["case"], order)
        ledger.effect(what, order["case"], told)
        return ledger.push(_TYPES[what], order["case"], told, after=after)

    def _refuse(self, ledger: Ledger, request: Request) -> Reply:
        ledger.put("setting", "refusing", {"boards": [str(each) for each in request.body.get("boards", [])]})
        return Reply(200, {})

    def _script(self, ledger: Ledger, request: Request) -> Reply:
        steps = [_step(each) for each in request.body.get("steps", [])]
        write_script(ledger, script_subject(request), [{"steps": steps, "seconds": request.body.get("seconds", 0)}])
        return Reply(200, {"for": script_subject(request)})

    def _known(self, ledger: Ledger, case: str) -> Json:
        order = ledger.get("order", case)
        if order is None:
            raise Refused(404, "order_unknown", f"没有收到过 {case}")
        return order


_TYPES = {
    "accept": "board.accepted",
    "progress": "board.progress",
    "result": "board.result",
    "return": "board.returned",
}
_USUAL: dict[str, Json] = {
    "accept": {},
    "progress": {"status": "正在办理"},
    "result": {"resolution": "solved", "answer": "已办结，请企业登录查看。"},
    "return": {"reason": "不属于本系统办理范围。"},
}
"""what is said when nobody says otherwise"""


def _step(step: Any) -> Json:
    """``"accept"``, or ``{"result": {"answer": …}}``."""
    named: Json = step if isinstance(step, dict) else {str(step): {}}
    if len(named) != 1 or not set(named) <= set(STEPS) or not all(isinstance(each, dict) for each in named.values()):
        raise Refused(422, "step_unknown", f"没有这种步骤：{step}")
    return named

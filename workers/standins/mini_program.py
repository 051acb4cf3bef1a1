"""浙里办, 支付宝, 微信 and an app: channels whose people file over the Open311 API, and look there what has become of it.

What the platform sends on its own account (answers, questions, progress) reaches them as it reaches every channel.
"""

from __future__ import annotations

from typing import Any

from workers.standins.channel import ChannelSystem, now_of
from workers.standins.store import Json, Ledger, Push, Store
from workers.standins.system import Refused, Reply, Request

PROGRAMS = ("zheliban", "alipay", "wechat", "app")

REQUEST, LOOK = "open311.request", "open311.look"
"""what goes to the gateway: a request that is filed, and a look at one"""

_ATTRIBUTES = ("enterprise", "uscc", "title")


class MiniProgramSystem(ChannelSystem):
    """``GET /wechat/orders/<id>`` shows what a person filed, the platform's number or token for it, and what was seen last."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.controls = (*self.controls, ("POST", "requests", self._request), ("POST", "look", self._look))

    def _request(self, ledger: Ledger, request: Request) -> Reply:
        """A person fills in the form."""
        fields = dict(request.body)
        id_ = str(fields.pop("id", "") or f"{self.name}-{ledger.now:%Y%m%d}-{ledger.next_number('order'):05}")
        if ledger.get("order", id_):
            raise Refused(422, "order_exists", f"编号 {id_} 已经有了")
        sent = {f"attribute[{each}]": str(fields.pop(each)) for each in _ATTRIBUTES if fields.get(each)}
        sent |= {name: str(value) for name, value in fields.items()}
        sent |= {"client_request_id": id_, "service_code": sent.get("service_code", "problem")}
        ledger.put("order", id_, {"id": id_, "status": "filed", "case": None, "fields": {"id": id_, **request.body}})
        ledger.effect("filed", id_, {"at": now_of(ledger), **sent})
        return Reply(201, {"id": id_, "message": ledger.push(REQUEST, id_, sent)})

    def _look(self, ledger: Ledger, request: Request) -> Reply:
        """A person looks what has become of it."""
        order = self._order(ledger, request)
        if not order["case"] and "token" not in order:
            raise Refused(409, "not_answered", f"编号 {order['id']} 还没有送到平台")
        wanted = {"service_request_id": order["case"]} if order["case"] else {"token": order["token"]}
        return Reply(202, {"message": ledger.push(LOOK, order["id"], wanted)})

    def told(self, push: Push, body: Any) -> None:
        """The gateway's answer: a number, a token, or a request as it stands."""
        if push.type not in (REQUEST, LOOK) or not isinstance(body, list) or not body:
            return
        said: Json = body[0]
        with self.store.transaction() as ledger:
            order = ledger.get("order", push.subject)
            if order is None:
                return
            order |= {"case": said.get("service_request_id") or order["case"]}
            order |= {"token": said["token"]} if said.get("token") else {}
            order |= {"seen": said} if "status" in said else {}
            ledger.put("order", push.subject, order)

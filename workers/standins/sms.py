"""An SMS gateway: a signature, an approved template, its parameters, a number. It knows a repetition by ``out_id``."""

from __future__ import annotations

import re
from typing import Any

from workers.standins.store import Ledger, Store
from workers.standins.system import Refused, Reply, Request, System

_NUMBER = re.compile(r"\+?[0-9]{5,15}")


class SmsSystem(System):
    """``GET /sms/messages?phone=`` shows what a number got."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (("POST", "messages", self._send), ("GET", "messages", self._sent))
        self.controls = (("POST", "unknown", self._unknown),)

    def _send(self, ledger: Ledger, request: Request) -> Reply:
        phone, sign, id_ = request.text("phone"), request.text("sign"), request.text("out_id")
        content = str((request.body.get("params") or {}).get("content") or "")
        request.text("template")
        unknown = (ledger.get("setting", "unknown") or {"phones": []})["phones"]
        if not _NUMBER.fullmatch(phone) or phone in unknown:
            raise Refused(422, "invalid_number", f"没有这个号码：{phone}")
        known: Any = ledger.get("message", id_)
        if known is None:
            text = f"【{sign}】{content}"
            units = len(text.encode("utf-16-le")) // 2
            known = {"id": f"sms-{ledger.next_number('message')}", "segments": 1 if units <= 70 else -(-units // 67)}
            ledger.put("message", id_, known)
            ledger.effect("sent", phone, {**known, "text": text, "out_id": id_})
        return Reply(200, known)

    def _sent(self, ledger: Ledger, request: Request) -> Reply:
        rows = self.store.rows("effect", 100_000, kind="sent", subject=request.query.get("phone"))
        return Reply(
            200, {"total": len(rows), "messages": [{"phone": each["subject"], **each["data"]} for each in rows]}
        )

    def _unknown(self, ledger: Ledger, request: Request) -> Reply:
        phones = [str(each) for each in request.body.get("phones", [])]
        ledger.put("setting", "unknown", {"phones": phones})
        return Reply(200, {"phones": phones})

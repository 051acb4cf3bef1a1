"""The notice system: text messages and 浙政钉-like notices end here, and can be searched."""

from __future__ import annotations

import json
from typing import Any

from workers.standins.store import Ledger, Store
from workers.standins.system import Refused, Reply, Request, System


class NoticeSystem(System):
    """``GET /notices/messages?case=&kind=&to=&text=`` searches what was sent; ``to`` and ``text`` match parts."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (("POST", "messages", self._send), ("GET", "messages", self._search))

    def _send(self, ledger: Ledger, request: Request) -> Reply:
        if not request.body.get("to"):
            raise Refused(422, "recipient_unknown", "没有收件人")
        request.text("text")
        receipt = f"{self.name}-{ledger.next_number('message')}"
        ledger.effect("sent", str(request.body.get("case") or ""), {"receipt": receipt, **request.body})
        return Reply(201, {"receipt": receipt})

    def _search(self, ledger: Ledger, request: Request) -> Reply:
        asked = request.query
        sent = self.store.rows("effect", 100_000, kind="sent", subject=asked.get("case"))
        found = [row for row in sent if _matches(row["data"], asked.get("kind"), asked.get("to"), asked.get("text"))]
        limit = int(asked.get("limit", "100"))
        return Reply(
            200, {"total": len(found), "messages": [{"at": row["at"], **row["data"]} for row in found[:limit]]}
        )


def _matches(data: dict[str, Any], kind: str | None, to: str | None, text: str | None) -> bool:
    words = f"{data.get('subject', '')}\n{data.get('text', '')}"
    return (
        (kind is None or data.get("kind") == kind)
        and (to is None or to in json.dumps(data.get("to"), ensure_ascii=False))
        and (text is None or text in words)
    )

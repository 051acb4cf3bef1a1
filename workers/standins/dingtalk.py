"""A DingTalk-like office platform: a token that lives two hours, then work notices to its users. It knows a repetition by ``biz_msg_id``."""

from __future__ import annotations

from datetime import datetime, timedelta

from workers.standins.store import Ledger, Store
from workers.standins.system import Refused, Reply, Request, System

SECRET = "standin"
LIFE = 7200
"""seconds of a token's life"""
TOKEN_HEADER = "x-acs-dingtalk-access-token"


class DingTalkSystem(System):
    """``GET /dingtalk/notices?user=`` shows what a user got."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (("POST", "token", self._token), ("POST", "notices", self._send), ("GET", "notices", self._sent))
        self.controls = (("POST", "expire", self._expire), ("POST", "unknown", self._unknown))

    def _token(self, ledger: Ledger, request: Request) -> Reply:
        request.text("app_key")
        if request.text("app_secret") != SECRET:
            raise Refused(403, "invalid_secret", "口令不对")
        token = f"token-{ledger.next_number('token')}"
        ledger.put("token", token, {"id": token, "until": (ledger.now + timedelta(seconds=LIFE)).isoformat()})
        return Reply(200, {"access_token": token, "expires_in": LIFE})

    def _send(self, ledger: Ledger, request: Request) -> Reply:
        kept = ledger.get("token", request.headers.get(TOKEN_HEADER, ""))
        if kept is None or datetime.fromisoformat(kept["until"]) <= ledger.now:
            raise Refused(401, "invalid_token", "令牌无效或已过期")
        user, id_ = request.text("user_id"), request.text("biz_msg_id")
        if user in (ledger.get("setting", "unknown") or {"users": []})["users"]:
            raise Refused(422, "invalid_user", f"没有这个用户：{user}")
        known = ledger.get("notice", id_)
        if known is None:
            known = {"task_id": f"dingtalk-{ledger.next_number('notice')}"}
            ledger.put("notice", id_, known)
            ledger.effect("sent", user, {**known, "msg": request.body.get("msg"), "biz_msg_id": id_})
        return Reply(200, known)

    def _sent(self, ledger: Ledger, request: Request) -> Reply:
        rows = self.store.rows("effect", 100_000, kind="sent", subject=request.query.get("user"))
        return Reply(200, {"total": len(rows), "notices": [{"user": each["subject"], **each["data"]} for each in rows]})

    def _expire(self, ledger: Ledger, request: Request) -> Reply:
        """It takes none of the tokens any more that it has given out."""
        for each in ledger.every("token"):
            ledger.drop("token", each["id"])
        return Reply(200, {"expired": True})

    def _unknown(self, ledger: Ledger, request: Request) -> Reply:
        users = [str(each) for each in request.body.get("users", [])]
        ledger.put("setting", "unknown", {"users": users})
        return Reply(200, {"users": users})

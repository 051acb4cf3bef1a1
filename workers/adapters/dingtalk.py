"""Work notices of a DingTalk-like office platform (浙政钉): a token is fetched first and expires; then one notice a user.

Options of the system ``dingtalk``: ``app_key``, ``app_secret``, ``agent`` (which application the notice is from).
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

from workers.adapters.notice import Notice, Recipient, ToEach, Unknown, one_line
from workers.adapters.outbound import Answered, Outbound, Outgoing, json_object, judged, receipted, refusal
from workers.adapters.settings import ExternalSystem
from workers.kit import Failed, Job, RetryLater

TOKEN_HEADER = "x-acs-dingtalk-access-token"
MARGIN = timedelta(seconds=60)
"""a token is not used in the last minute of its life: it would expire on the way"""
UNKNOWN_USER = "invalid_user"
LONGEST_TITLE, LONGEST_TEXT = 100, 2000
"""characters"""


class Expired(Exception):
    """The platform does not take this token any more."""


class DingTalk(ToEach):
    """The way ``dingtalk``."""

    name = "dingtalk"

    def __init__(self, outbound: Outbound, system: ExternalSystem) -> None:
        self._outbound = outbound
        self._system = system
        self._lock = threading.Lock()
        self._token = ""
        self._until = outbound.clock.now()
        for option in ("app_key", "app_secret", "agent"):
            system.option(option)

    def send_to(self, notice: Notice, recipient: Recipient, job: Job, key: str) -> None:
        """One notice; ``biz_msg_id`` is what the platform knows a repetition by. A token that has expired early is fetched anew, once."""
        body = {
            "agent_id": self._system.option("agent"),
            "user_id": recipient.address,
            "biz_msg_id": key,
            "msg": {"title": one_line(notice.subject)[:LONGEST_TITLE], "text": notice.text[:LONGEST_TEXT]},
        }
        token = self._fresh_token(job)
        try:
            self._send(token, body, job, key)
        except Expired:
            self._forget(token)
            try:
                self._send(self._fresh_token(job), body, job, key)
            except Expired as expired:
                raise RetryLater(None, f"外部系统 {self._system.name} 不接受刚取得的令牌") from expired

    def _send(self, token: str, body: dict[str, Any], job: Job, key: str) -> None:
        request = Outgoing("POST", f"{self._system.url}/notices", {TOKEN_HEADER: token}, body)
        self._outbound.call(self._system, request, job, lambda answered: self._judge(answered, job), key)

    def _judge(self, answered: Answered, job: Job) -> dict[str, Any]:
        if answered.status == 401:
            raise Expired
        code, _ = refusal(json_object(answered.raw))
        if answered.status in (400, 404, 422) and code == UNKNOWN_USER:
            raise Unknown
        return receipted(judged(self._system, answered, job), "task_id", self._system)

    # ---- the token -------------------------------------------------------------------------------------------------------

    def _fresh_token(self, job: Job) -> str:
        """The token; fetched by one thread at a time when there is none that lives."""
        with self._lock:
            now = self._outbound.clock.now()
            if not self._token or now >= self._until:
                self._token, self._until = self._fetch(job, now)
            return self._token

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token = ""

    def _fetch(self, job: Job, now: datetime) -> tuple[str, datetime]:
        system = self._system
        body = {"app_key": system.option("app_key"), "app_secret": system.option("app_secret")}
        request = Outgoing("POST", f"{system.url}/token", body=body)
        # Without a key: what came again would be the old token.
        said = self._outbound.call(system, request, job, lambda answered: judged(system, answered, job), key=None)
        token, lives = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lives, int | float) or isinstance(lives, bool):
            raise Failed(f"外部系统 {system.name} 没有给出令牌")
        return token, now + max(timedelta(seconds=lives) - MARGIN, timedelta(seconds=1))

"""Takes a system's messages to the platform's gateway, one by one, until each is accepted or refused: nothing is lost while
the gateway is down, and every try has the same message id."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from workers.standins.faults import Faults
from workers.standins.store import Push, Store

log = logging.getLogger(__name__)

FIRST_WAIT = 0.2
LONGEST_WAIT = 5.0
"""seconds between tries while the gateway does not answer: a person who restarts it should not wait longer"""
LONGEST_REST = 60.0
"""seconds to wait when there is nothing to send at all: whoever puts something wakes us"""
FINAL = frozenset({400, 413, 415, 422})
"""the message itself is wrong; any other refusal may be mended on the other side, so it is tried again"""


@cache
def _trust() -> ssl.SSLContext:
    """Read once: it takes longer than all else that a system needs to start."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True)
class Gateway:
    """Where messages go and with which bearer token."""

    url: str
    token: str


class Pusher(threading.Thread):
    """One system's messages, oldest first, unless its ``faults`` say otherwise. ``version_of``: which version of its contract a message
    (type, data) fits. ``told``: gets the platform's answer to a message that it took."""

    def __init__(
        self,
        name: str,
        store: Store,
        gateway: Gateway,
        faults: Faults,
        *,
        version_of: Callable[[str, dict[str, Any]], str] = lambda type_, data: "1",
        told: Callable[[Push, Any], None] = lambda push, body: None,
    ) -> None:
        super().__init__(name=f"push-{name}", daemon=True)
        self._system = name
        self._source = f"/{name}"
        self._store = store
        self._gateway = gateway
        self._faults = faults
        self._version_of = version_of
        self._told = told
        self._stopping = threading.Event()
        self._client = httpx.Client(verify=_trust(), trust_env=False, timeout=10.0, follow_redirects=False)

    def stop(self) -> None:
        """Finish the try that is under way and end."""
        self._stopping.set()
        with self._store.pushed:
            self._store.pushed.notify_all()
        self.join()
        self._client.close()

    def run(self) -> None:
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            push = None if self._held() else self._store.next_push()
            if push is None:
                self._idle()
            elif self._put_off(push) or self._try(push):
                wait = FIRST_WAIT
            else:
                self._stopping.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT)

    def _held(self) -> bool:
        return self._faults.on(self._system, "hold_push")

    def _idle(self) -> None:
        """Wait until something was put, or for a message that is due later."""
        with self._store.pushed:
            if not self._stopping.is_set() and (self._held() or self._store.next_push() is None):
                self._store.pushed.wait(FIRST_WAIT if self._store.has_waiting_push() else LONGEST_REST)

    def _put_off(self, push: Push) -> bool:
        """Let others go first, if there is such a fault; a message is put off once."""
        if push.late:
            return False
        fault = self._faults.take(self._system, push.type, "late_push")
        if fault is not None:
            self._store.put_off(push, fault.seconds)
        return fault is not None

    def _try(self, push: Push) -> bool:
        """One try; True when the message is settled."""
        broken = self._faults.take(self._system, push.type, "broken_push") is not None
        try:
            response = self._send(_broken(push) if broken else push)
        except httpx.HTTPError as error:
            self._store.settle_push(push, "waiting", f"{type(error).__name__}: {error}")
            return False
        state = _state(response)
        if state in ("accepted", "duplicate"):
            self._told(push, response.json())
        self._store.settle_push(push, state, f"{response.status_code} {response.text}")
        if state == "waiting":
            log.warning("gateway answered %s to message %s, trying again", response.status_code, push.id)
            return False
        if self._faults.take(self._system, push.type, "duplicate_push"):
            self._send_again(push)
        if self._faults.take(self._system, push.type, "copy_push"):
            self._send_again(replace(push, id=str(uuid4())))
        return True

    def _send_again(self, push: Push) -> None:
        try:
            self._send(push)
        except httpx.HTTPError as error:
            log.info("second delivery of %s failed: %s", push.id, error)

    def _send(self, push: Push) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._gateway.token}"} if self._gateway.token else {}
        api = f"{self._gateway.url}/open311/v2"
        if push.type == "open311.request":
            return self._client.post(f"{api}/requests.json", data=push.data, headers=headers)
        if push.type == "open311.look":
            token = push.data.get("token")
            what = f"tokens/{token}.json" if token else f"requests/{push.data['service_request_id']}.json"
            return self._client.get(f"{api}/{what}", headers=headers)
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": push.id,
            "type": push.type,
            "source": self._source,
            "time": push.time,
            "subject": push.subject,
            "datacontenttype": "application/json",
            "data": push.data,
        }
        if (version := self._version_of(push.type, push.data)) != "1":
            event["contractversion"] = version
        headers["Content-Type"] = "application/cloudevents+json"
        return self._client.post(f"{self._gateway.url}/api/messages", json=event, headers=headers)


def _broken(push: Push) -> Push:
    """The same message with every value in a list: no contract takes it."""
    return replace(push, data={name: [value] for name, value in push.data.items()})


def _state(response: httpx.Response) -> str:
    if response.status_code in FINAL:
        return "refused"
    if not response.is_success:
        return "waiting"
    try:
        answer = response.json()
    except ValueError:
        return "waiting"
    if isinstance(answer, list):
        return "accepted"
    status = answer.get("status") if isinstance(answer, dict) else None
    return status if status in ("accepted", "duplicate", "refused") else "waiting"

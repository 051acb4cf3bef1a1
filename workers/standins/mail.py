"""A mail server: takes messages over SMTP, shows them over HTTP, and has the faults of the others.

``status`` is a reply to the message (451 unless it is an SMTP code), ``slow`` one that comes late; ``reset`` breaks the connection before the message
has its effect, ``lost_reply`` after. A ``reset`` with the path ``session`` comes before DATA already. Like many a mail server it delivers what is
handed to it twice a second time, under one Message-ID: its log tells such copies by their key.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from workers.standins.faults import Fault, Faults
from workers.standins.store import Ledger, Store
from workers.standins.system import Reply, Request, System

NAME = "email"
SESSION, MESSAGES = f"{NAME}/session", f"{NAME}/messages"
"""what faults are asked for: before DATA, and after the message has come"""


class MailSystem(System):
    """``GET /email/messages?to=`` shows what an address got."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (("GET", "messages", self._sent),)
        self.controls = (("POST", "unknown", self._unknown),)

    def knows(self, address: str) -> bool:
        """Whether there is such a mailbox."""
        with self.store.transaction() as ledger:
            return address not in (ledger.get("setting", "unknown") or {"addresses": []})["addresses"]

    def take(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Put a message into the mailboxes of its recipients."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        body = message.get_body(("plain",))
        said = {
            "from": sender,
            "headers": {name: str(value) for name, value in message.items()},
            "text": str(body.get_content()) if body is not None else "",
        }
        with self.store.transaction(key=str(message["Message-ID"])) as ledger:
            for each in recipients:
                ledger.effect("sent", each, said)
            ledger.log("SMTP", MESSAGES, "250")

    def note_fault(self, fault: Fault, raw: bytes = b"") -> None:
        """Log what a fault did to a session (``raw`` empty), or to a message."""
        key = email.message_from_bytes(raw, policy=email.policy.default)["Message-ID"] if raw else None
        with self.store.transaction(key=None if key is None else str(key)) as ledger:
            ledger.log("SMTP", MESSAGES if raw else SESSION, f"fault {fault.kind}")

    def _sent(self, ledger: Ledger, request: Request) -> Reply:
        rows = self.store.rows("effect", 100_000, kind="sent", subject=request.query.get("to"))
        return Reply(200, {"total": len(rows), "messages": [{"to": each["subject"], **each["data"]} for each in rows]})

    def _unknown(self, ledger: Ledger, request: Request) -> Reply:
        addresses = [str(each) for each in request.body.get("addresses", [])]
        ledger.put("setting", "unknown", {"addresses": addresses})
        return Reply(200, {"addresses": addresses})


class _Handler:
    """aiosmtpd's hooks."""

    def __init__(self, system: MailSystem, faults: Faults) -> None:
        self._system = system
        self._faults = faults

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        fault = self._faults.take(NAME, SESSION, "reset") if not envelope.rcpt_tos else None
        if fault is not None:
            self._system.note_fault(fault)
            return _abort(server)
        if not self._system.knows(address):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        fault = self._faults.take(NAME, MESSAGES, "slow", "status", "reset", "lost_reply")
        if fault is not None:
            self._system.note_fault(fault, envelope.content)
        kind = fault.kind if fault is not None else ""
        if fault is not None and kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and kind == "status":
            return f"{fault.status if 400 <= fault.status < 600 and fault.status != 503 else 451} 4.3.0 not now"
        elif kind == "reset":
            return _abort(server)
        self._system.take(str(envelope.mail_from), list(envelope.rcpt_tos), envelope.content)
        return _abort(server) if kind == "lost_reply" else "250 OK"


def _abort(server: SMTP) -> str:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    return "421 gone"


class MailServer:
    """The mail server on a socket of its own; ``port`` 0 takes a free one (:attr:`url` tells)."""

    def __init__(self, system: MailSystem, faults: Faults, port: int = 0, host: str = "127.0.0.1") -> None:
        if port == 0:
            with socket.create_server((host, 0)) as free:
                port = free.getsockname()[1]
        self.url = f"smtp://{host}:{port}"
        self._controller = Controller(_Handler(system, faults), hostname=host, port=port)

    def start(self) -> None:
        """Listen, on a thread of its own."""
        self._controller.start()

    def stop(self) -> None:
        """End it."""
        self._controller.stop()

"""E-mail over SMTP (RFC 5321): one message for all recipients, accepted as a whole or not at all.

Options of the system ``email``: ``from`` (the sender's address), ``sender`` (the name shown), ``user`` (to log in, with the system's token as
the password). ``smtps://`` is TLS from the start; with ``smtp://`` TLS is used where the server offers it, and required for logging in.

SMTP knows no repetitions: a connection that breaks after the message and before the reply to it may make a second copy, with the same Message-ID.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import httpcore

from workers.adapters.guard import Forbidden, resolved
from workers.adapters.notice import Delivery, Notice, Recipient, one_line
from workers.adapters.outbound import Outbound, Trouble
from workers.adapters.settings import ExternalSystem, NotConfigured
from workers.kit import Failed, Job, RetryLater

LONGEST_SUBJECT = 200
"""characters"""


class Mail:
    """The way ``email``."""

    name = "email"

    def __init__(self, outbound: Outbound, system: ExternalSystem, tls: ssl.SSLContext | None = None) -> None:
        self._outbound = outbound
        self._system = system
        self._tls = tls or ssl.create_default_context()
        self._from = system.option("from")
        if not self._from.partition("@")[2]:
            raise NotConfigured(
                f"外部系统 {system.name} 的 options.from 应是一个邮箱地址", f"bad options.from of {system.name}"
            )

    def send(self, notice: Notice, recipients: Sequence[Recipient], job: Job) -> Delivery:
        """Send one message to all of them; nobody sees who else got it."""
        delivery = Delivery()
        try:
            with self._outbound.guarded(self._system, job):
                self._send(self._message(notice, job), recipients, delivery)
        except (RetryLater, Failed) as trouble:
            delivery.trouble.append(trouble)
        return delivery

    def _message(self, notice: Notice, job: Job) -> bytes:
        message = EmailMessage(policy=SMTP)
        user, _, domain = self._from.partition("@")
        message["From"] = Address(one_line(self._system.option("sender", "闭环平台")), user, domain)
        message["To"] = "undisclosed-recipients:;"
        message["Subject"] = one_line(notice.subject)[:LONGEST_SUBJECT]
        message["Date"] = format_datetime(self._outbound.clock.now())
        message["Message-ID"] = f"<{job.id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{notice.text}\n", charset="utf-8", cte="base64")
        return message.as_bytes()

    def _send(self, message: bytes, recipients: Sequence[Recipient], delivery: Delivery) -> None:
        name = self._system.name
        try:
            with self._connected() as smtp:
                _agreed(smtp.mail(self._from), name)
                accepted = []
                for each in recipients:
                    code, said = smtp.rcpt(each.address)
                    if 500 <= code < 600:
                        delivery.unknown.append(each.person)
                    else:
                        # What one of them must wait for, all wait for: nobody gets it twice.
                        _agreed((code, said), name)
                        accepted.append(each.person)
                if accepted:
                    _agreed(smtp.data(message), name)
                delivery.reached += accepted
        except Forbidden as forbidden:
            raise Failed(f"外部系统 {name} 的地址不允许访问") from forbidden
        except smtplib.SMTPAuthenticationError as refused:
            raise Failed(f"外部系统 {name} 不接受登录（{refused.smtp_code}）") from refused
        except smtplib.SMTPResponseException as refused:
            _agreed((refused.smtp_code, refused.smtp_error), name)
            raise Trouble(None, f"外部系统 {name} 答复不合规（{refused.smtp_code}）") from refused
        except smtplib.SMTPNotSupportedError as missing:
            raise Failed(f"外部系统 {name} 不提供加密或登录，口令不能明文发送") from missing
        except (OSError, smtplib.SMTPException, httpcore.NetworkError) as trouble:
            raise Trouble(None, f"外部系统 {name} 没有正常答复（{type(trouble).__name__}）") from trouble

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A session; whatever it waits for, it is cut off at the system's deadline."""
        system, until = self._system, time.monotonic() + self._system.deadline
        host, port = system.host_and_port
        raw = _connect(host, port, until)
        # The same connection by another name: TLS takes the first one away.
        with raw, raw.dup() as spare:
            cut = threading.Timer(max(until - time.monotonic(), 0.0), _cut, [spare])
            cut.daemon = True
            cut.start()
            try:
                implicit = system.url.startswith("smtps://")
                smtp = _Session(host, self._tls.wrap_socket(raw, server_hostname=host) if implicit else raw)
                smtp.ehlo_or_helo_if_needed()
                user = system.options.get("user")
                if not implicit and (user or smtp.has_extn("starttls")):
                    smtp.starttls(context=self._tls)
                if user:
                    smtp.login(str(user), system.token)
                yield smtp
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    smtp.quit()
            finally:
                cut.cancel()
                cut.join()


class _Session(smtplib.SMTP):
    """A session on a socket that is connected already: smtplib would resolve the name once more, to whatever it is then."""

    def __init__(self, host: str, connected: socket.socket) -> None:
        super().__init__(local_hostname=f"[{connected.getsockname()[0]}]")
        self._host = host
        self.sock = connected
        code, said = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)


def _connect(host: str, port: int, until: float) -> socket.socket:
    problem: Exception = OSError(f"{host} has no address")
    for address in resolved(host, port):
        try:
            return socket.create_connection((str(address), port), max(until - time.monotonic(), 0.001))
        except OSError as error:
            problem = error
    raise problem


def _cut(raw: socket.socket) -> None:
    """Whoever waits for this socket is told that it is over."""
    with contextlib.suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)


def _agreed(reply: tuple[int, bytes | str], name: str) -> None:
    """RFC 5321 4.2.1: 2yz is done, 4yz passes by itself, 5yz does not."""
    code, said = reply
    words = (said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:200]
    if code == 421:
        raise Trouble(None, f"外部系统 {name} 暂停服务（421）")
    if 400 <= code < 500:
        raise RetryLater(None, f"外部系统 {name} 暂时不收邮件（{code} {words}）")
    if 500 <= code < 600:
        raise Failed(f"外部系统 {name} 不收这封邮件（{code} {words}）")

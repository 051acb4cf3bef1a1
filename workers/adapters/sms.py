"""Text messages over an SMS gateway: a template that the carrier has approved, and its parameters.

Options of the system ``sms``: ``sign`` (the signature in 【…】), ``template`` (the template's id; it has one parameter, ``content``) and,
for kinds of notices with a template of their own, ``template.<kind>``.
"""

from __future__ import annotations

from typing import Any

from workers.adapters.notice import Notice, Recipient, ToEach, Unknown, one_line
from workers.adapters.outbound import Answered, Outbound, Outgoing, json_object, judged, receipted, refusal
from workers.adapters.settings import ExternalSystem
from workers.kit import Job

ALONE, IN_A_ROW = 70, 67
"""characters of a message by itself, and of each segment of a longer one (UCS-2, 3GPP TS 23.040)"""
MOST_SEGMENTS = 5
"""more is a letter, and costs so"""
UNKNOWN_NUMBER = "invalid_number"


class Sms(ToEach):
    """The way ``sms``."""

    name = "sms"

    def __init__(self, outbound: Outbound, system: ExternalSystem) -> None:
        self._outbound = outbound
        self._system = system
        self._sign = one_line(system.option("sign")).strip("【】")
        system.option("template")

    def send_to(self, notice: Notice, recipient: Recipient, job: Job, key: str) -> None:
        """One message; ``out_id`` is what the gateway knows a repetition by."""
        system = self._system
        body = {
            "phone": recipient.address,
            "sign": self._sign,
            "template": system.option(f"template.{notice.kind}", system.option("template")),
            "params": {"content": fitted(notice.text, len(self._sign) + 2)},
            "out_id": key,
        }
        request = Outgoing("POST", f"{system.url}/messages", body=body)
        self._outbound.call(system, request, job, lambda answered: self._judge(answered, job), key)

    def _judge(self, answered: Answered, job: Job) -> dict[str, Any]:
        code, _ = refusal(json_object(answered.raw))
        if answered.status in (400, 404, 422) and code == UNKNOWN_NUMBER:
            raise Unknown
        return receipted(judged(self._system, answered, job), "id", self._system)


def fitted(text: str, sign: int) -> str:
    """The text on one line, no longer than ``MOST_SEGMENTS`` together with a signature of so many characters; nothing in it passes for one."""
    plain = one_line(text).translate({ord("【"): "[", ord("】"): "]"})
    most = MOST_SEGMENTS * IN_A_ROW - sign
    return plain if _units(plain) <= most else _cut(plain, most - 1) + "…"


def segments(text: str) -> int:
    """As how many messages a text goes (signature included)."""
    units = _units(text)
    return 1 if units <= ALONE else -(-units // IN_A_ROW)


def _units(text: str) -> int:
    """UTF-16 units: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, most: int) -> str:
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")

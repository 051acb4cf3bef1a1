"""Who sent a message, as far as that can be proven: by the broker's user, and by a signature.

Over HTTP the bearer token proves the partner. Over AMQP a message says whose it is (``ce-partner``; without one it counts as the platform's own),
and whoever may publish to the inbox may say so: as open as that it is until keys are configured. A partner with keys is believed only
what one of them has signed; with keys of the platform's own, so is the platform.

The time of a signature is held against the clock to five minutes, both ways, over HTTP, where nothing waits. Over AMQP only one from the future
is refused: a message may lie in the queue for as long as the platform is down, and must not be refused for it. A replay is harmless there: the id
and the source are signed, and what has had its effect once never has it again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from processes.clock import Clock, SystemClock
from processes.messaging import cloudevents, signing
from processes.messaging.bus import Message, Raw
from processes.messaging.inlet import INTERNAL, NotTaken
from processes.messaging.signing import HEADER, Key, Signature

WINDOW = timedelta(minutes=5)
"""how far the clocks of two systems may differ"""


@dataclass(frozen=True)
class Identity:
    """What is known of partners. ``keys``: partner → its live keys, none or one or two; ``users``: partner → the broker's users that it
    may use (none: the one that goes by its own name); ``answers``: partner → the topics of jobs that it may answer."""

    keys: Mapping[str, Sequence[Key]] = field(default_factory=dict)
    users: Mapping[str, Collection[str]] = field(default_factory=dict)
    answers: Mapping[str, Collection[str]] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)

    def check(self, partner: str, message: Message) -> None:
        """Raise :class:`NotTaken` when a message from outside is not from whom it says."""
        raw = message.raw
        if raw is None:
            return
        self._check_user(partner, raw)
        keys = self.keys.get(partner)
        if keys:
            self._check_signature(partner, keys, message, raw)

    def may_answer(self, partner: str, topic: str) -> bool:
        """Whether a partner may answer the jobs of a topic."""
        return topic in self.answers.get(partner, ())

    def may_answer_any(self, partner: str) -> bool:
        """Whether there are jobs that a partner may answer."""
        return bool(self.answers.get(partner))

    def _check_user(self, partner: str, raw: Raw) -> None:
        user = raw.properties.get("user_id")
        if not user or user in self.users.get(partner, (partner,)):
            return
        if partner == INTERNAL:
            raise NotTaken(
                f"没有 ce-partner 的消息只有平台自己能发，而这一条由用户 {user} 发出：请加上 ce-partner",
                f"without ce-partner a message is the platform's own, and user {user} is not: add ce-partner",
            )
        raise NotTaken(
            f"消息自称来自合作方 {partner}，却由用户 {user} 发出：请用该合作方自己的账号，或更正 ce-partner",
            f"the message says it is from partner {partner}, and user {user} sent it: use that partner's account, or correct ce-partner",
        )

    def _check_signature(self, partner: str, keys: Sequence[Key], message: Message, raw: Raw) -> None:
        header = next((value for name, value in raw.headers.items() if name.lower() == HEADER), None)
        if header is None:
            raise _unsigned(partner)
        try:
            signature = signing.read(header)
        except (ValueError, AttributeError):
            raise NotTaken(
                f"消息头 {HEADER} 应是“密钥编号;秒数;十六进制签名”",
                f"the header {HEADER} must be: key id;seconds;hex digest",
            ) from None
        key = next((each for each in keys if each.id == signature.key), None)
        if key is None:
            known = "、".join(each.id for each in keys)
            raise NotTaken(
                f"合作方 {partner} 没有编号为 {signature.key[:40]} 的密钥，现用的是：{known}",
                f"partner {partner} has no live key {signature.key[:40]}; there are: {known}",
            )
        self._check_time(signature, raw)
        attributes = (
            {} if cloudevents.is_structured(raw.content_type, raw.headers) else cloudevents.attributes_of(raw.headers)
        )
        if not signing.is_right(key, signature, message.id, raw.routing_key, raw.content_type, attributes, raw.body):
            raise NotTaken(
                f"用密钥 {key.id} 验签不符：请核对签名的各行（见消息约定）与实际发送的是否一致",
                f"the signature under key {key.id} is wrong: compare what was signed, line by line, with what was sent",
            )

    def _check_time(self, signature: Signature, raw: Raw) -> None:
        late = self.clock.now().timestamp() - signature.time
        if late < -WINDOW.total_seconds() or (raw.door == "http" and late > WINDOW.total_seconds()):
            raise NotTaken(
                f"签名的时间与平台的时钟相差 {abs(late):.0f} 秒，超过 5 分钟：请校准时钟后重新签名",
                f"the signature's time and the platform's clock are {abs(late):.0f} s apart, more than 5 minutes: set the clock and sign anew",
            )


OPEN = Identity()
"""Nobody has keys; anybody who may publish is believed."""


def _unsigned(partner: str) -> NotTaken:
    if partner == INTERNAL:
        return NotTaken(
            f"没有 ce-partner 的消息只有平台自己能发，要有平台的签名（消息头 {HEADER}）：请加上 ce-partner",
            f"without ce-partner a message is the platform's own and needs its signature ({HEADER}): add ce-partner",
        )
    return NotTaken(
        f"合作方 {partner} 的消息要带签名（消息头 {HEADER}）",
        f"messages of partner {partner} must be signed ({HEADER})",
    )

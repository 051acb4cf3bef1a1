"""Where a message from case to case goes: it stays here, or leaves for the deployment that hosts the other case.

An escalation names a place, and the reference data who hosts it; from then on the lower case's id tells who has the other case.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from processes.casework.functions import Snapshots
from processes.kernel.errors import StepFailed
from processes.messaging.bus import Message
from processes.messaging.contracts import CONTRACTS
from processes.messaging.peers import Peers
from processes.store import peer_cases, peer_outbox
from processes.store.tables import Case

TRAVELLING = frozenset(each.type for each in CONTRACTS.values() if each.peers and not each.foreign)
"""the types of messages that may be about a case of another deployment"""


class Hosting:
    """Decides where a thrown message goes (see ``runtime.sending.Elsewhere``)."""

    def __init__(self, snapshots: Snapshots, peers: Peers) -> None:
        self._snapshots = snapshots
        self._peers = peers

    def __call__(self, connection: Connection, message: Message, now: datetime) -> bool:
        """Whether the message has been put into the outbox of a peer, in this transaction.

        :raises StepFailed: when it can go nowhere: an incident, which a person retries once the link is there
        """
        if message.type not in TRAVELLING or not self._snapshots.now().reference.is_shared:
            return False
        key, place = message.extensions.get("correlationkey", ""), message.extensions.get("place", "")
        peer = self._of_place(connection, key, place) if place else self._of_case(connection, key)
        if peer is None:
            return False
        if peer not in self._peers.peers:
            raise StepFailed(
                f"“{peer}”平台承办这个地方，但本平台没有配置与它相连；请在 PEERS 文件里配置后重试",
                f"no link to deployment {peer!r}",
            )
        if place:
            peer_cases.submitted(connection, key, peer, place, message, now)
        peer_outbox.put(connection, peer, message, now)
        return True

    def _of_place(self, connection: Connection, key: str, place: str) -> str | None:
        host = self._snapshots.now().reference.host_of(place)
        if host is None or host == self._peers.name:
            peer_cases.forget(connection, key)
            return None
        if connection.scalar(select(Case.id).where(Case.id == key)) is None:
            raise StepFailed(
                "提交给另一平台的消息，关联键应是本件的编号（case.id）", f"correlation key {key!r} is no case of ours"
            )
        return host

    @staticmethod
    def _of_case(connection: Connection, key: str) -> str | None:
        link = peer_cases.find(connection, key)
        return None if link is None else link.peer

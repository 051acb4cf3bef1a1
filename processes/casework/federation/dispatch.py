"""What a message becomes when it leaves for another deployment: words instead of references, and an escalation with the case's file.

Outboxes hold references only; a file is put together when it leaves, from what is there then. Its parts go before the list of them, each
under an id made of its content: sent again after a break, what had arrived is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from processes.casework import attachments
from processes.casework.attachments import Attachment
from processes.casework.federation import case_file, words
from processes.clock import Clock
from processes.messaging.between_levels import CHUNK, Part, chunk_data, part
from processes.messaging.bus import Message
from processes.messaging.contract import ESCALATED, VERSION
from processes.messaging.peers import Peer
from processes.store.database import Database, to_json

INLINE = 512 * 1024
"""bytes of a file that stands in a message of version 1: without the course if it is longer, for a message has a megabyte at most"""


class Dispatch:
    """Unfolds messages as they leave. Safe in any thread; reads, and never within a transaction that lasts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def unfold(self, peer: Peer, message: Message) -> Iterator[Message]:
        """What is to be sent for a row of a peer's outbox; of several messages the last only when the others have arrived.

        :raises BadFile: for an escalation of no case
        """
        if message.type != ESCALATED:
            with self._database.read() as connection:
                data = words.told(connection, message.data)
            yield replace(message, data=data)
            return
        key = message.extensions["correlationkey"]
        with self._database.read() as connection:
            data = words.told(connection, message.data)
            file = case_file.build(connection, key, self._clock.now())
            attached = [each for each in attachments.of_case(connection, key) if each.sha256]  # the others are deleted
        if peer.version == 1:
            short = file if len(to_json(file).encode()) <= INLINE else {**file, "course": []}
            yield replace(message, data={**data, "file": short})
            return
        body = to_json(file).encode()
        yield from self._pieces(message, part(body), [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)])
        for each in attached:
            yield from self._pieces(message, _part(each), self._read(each))
        listed = {"case": part(body).to_json(), "attachments": [_part(each).to_json() for each in attached]}
        extensions = {**message.extensions, VERSION: "2"}
        yield replace(message, data={**data, "file": listed}, extensions=extensions)

    def _read(self, attachment: Attachment) -> Iterator[bytes]:
        for position in range(attachments.chunks_of(attachment.size)):
            with self._database.read() as connection:
                body = attachments.chunk(connection, attachment.id, position)
            yield body

    @staticmethod
    def _pieces(message: Message, of: Part, bodies: Iterable[bytes]) -> Iterator[Message]:
        key = message.extensions["correlationkey"]
        for index, body in enumerate(bodies):
            digest = hashlib.sha256(f"{message.id}\0{of.sha256}\0{index}".encode()).hexdigest()
            extensions = {"correlationkey": key}
            yield replace(
                message,
                id=digest,
                type="case.file.part",
                data=chunk_data(of.sha256, index, body),
                extensions=extensions,
            )


def _part(attachment: Attachment) -> Part:
    chunks = attachments.chunks_of(attachment.size)
    return Part(attachment.sha256, attachment.size, chunks, attachment.name, attachment.media_type)

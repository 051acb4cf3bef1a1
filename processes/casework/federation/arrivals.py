"""What the messages of another deployment do here.

A peer may tell of cases that are its and ours, and of no others: it answers what we submitted to it, withdraws what it submitted to us, and
submits cases of places that it hosts to places that we host. Everything else is refused, and kept.

**A case starts when its file is whole**, not before: the first steps of its diagram read the report's words (what it is about, whom it
mentions), and would go wrong ways without them. Pieces may come in any order and more than once. When some do not come, or do not have the
hash that the list says, the peer is asked for them; it sends the file again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from processes.casework import attachments, receipts, texts
from processes.casework.federation import blanking, case_file, words
from processes.casework.federation.case_file import BadFile, CaseFile
from processes.casework.functions import Snapshots
from processes.casework.library import open_child
from processes.failpoints import hit
from processes.messaging import incoming as i
from processes.messaging.addresses import PEER
from processes.messaging.between_levels import (
    CaseBlanked,
    CaseEscalatedWithFile,
    CaseWithdrawn,
    Damaged,
    FilePart,
    FileWanted,
    Part,
)
from processes.messaging.bus import Message, Retry
from processes.messaging.contract import ESCALATED, VERSION, Contract
from processes.messaging.inlet import Handled, NotTaken, Refusal, Sender
from processes.messaging.json_text import from_json
from processes.messaging.peers import Peers
from processes.runtime.commands import Correlate
from processes.runtime.engine import PARTNER, Engine
from processes.store import file_parts, inbox, peer_cases, peer_outbox
from processes.store.file_parts import Awaited
from processes.store.tables import Case

PATIENCE = timedelta(minutes=1)
"""How long what is missing of a file is waited for before the peer is asked; twice as long each further time, up to a day."""

LONGEST_PATIENCE = timedelta(days=1)

RESENDS = 5
"""How often a file is sent again; after that it is given up, and a person looks at it."""


@dataclass(frozen=True)
class _Told:
    """An escalation as it is put down until its file is whole."""

    peer: str
    source: str
    message: str
    key: str
    place: str
    payload: Mapping[str, Any]
    case: Part
    attachments: tuple[Part, ...]

    @classmethod
    def of(cls, waiting: Awaited) -> _Told:
        said: dict[str, Any] = dict(waiting.message)
        case, attachments = Part(**said.pop("case")), tuple(Part(**each) for each in said.pop("attachments"))
        return cls(waiting.peer, case=case, attachments=attachments, **said)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts, each once."""
        return tuple({each.sha256: each for each in (self.case, *self.attachments)}.values())


class Arrivals:
    """The door of other deployments."""

    def __init__(self, engine: Engine, snapshots: Snapshots, peers: Peers, refuse: Callable[[Refusal], None]) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._peers = peers
        self._refuse = refuse

    def take(self, sender: Sender, contract: Contract, said: i.BetweenCases) -> Handled:
        """Give a peer's message its effect, once. Raises :class:`NotTaken` for what it may not say."""
        peer = self._peers.peers.get(sender.partner)
        if peer is None:
            raise NotTaken(f"本平台没有与 {sender.partner} 相连", f"no link to {sender.partner}")
        if contract.type == ESCALATED and int(contract.version) > peer.version:
            raise NotTaken(
                f"与 {peer.name} 约定的是第 {peer.version} 版，这是第 {contract.version} 版；请双方核对 PEERS 的 version",
                f"version {contract.version} of a peer with version {peer.version}",
            )
        try:
            return self._take(sender, contract, said)
        except Damaged as damaged:
            raise NotTaken(damaged.zh, damaged.en) from damaged

    def _take(self, sender: Sender, contract: Contract, said: i.BetweenCases) -> Handled:
        match said:
            case FilePart():
                return self._keep(sender, said)
            case CaseBlanked():
                return self._blank(sender, said)
            case FileWanted():
                return self._send_again(sender, said)
            case CaseEscalatedWithFile():
                return self._with_file(sender, said)
            case i.CaseEscalated():
                return self._with_words(sender, said)
            case _:
                return self._between_cases(sender, contract, said)

    # -- messages of cases that there are --------------------------------------------------------------------------------

    def _between_cases(self, sender: Sender, contract: Contract, said: i.BetweenCases) -> Handled:
        way = peer_cases.DOWN if isinstance(said, CaseWithdrawn) else peer_cases.UP
        with self._engine.database.read() as connection:
            self._require_link(connection, sender, said.key, way)
        payload, kept = words.taken(said.payload, lambda number: texts.identity(sender.command_id, str(number)))

        def before(connection: Connection, instance_id: str) -> None:
            if contract.orders and instance_id:
                payload["orders"] = receipts.orders_in_hand(connection, instance_id)
            case = connection.scalar(select(Case.id).where(Case.instance_id == instance_id)) or said.key
            _keep_words(connection, case, contract.type, kept, self._engine.clock.now())

        command = Correlate(sender.command_id, contract.type, said.key, payload, actor=sender.partner)
        outcome = self._engine.execute(command, before=before)
        return Handled(outcome.duplicate, {"instance": outcome.instance_id, "incident": outcome.incident})

    @staticmethod
    def _require_link(connection: Connection, sender: Sender, key: str, way: str) -> None:
        link = peer_cases.find(connection, key)
        if link is None and way == peer_cases.DOWN:
            raise Retry(f"case {key} of {sender.partner} has not arrived yet")  # its escalation may be in other hands
        if link is None or link.peer != sender.partner or link.direction != way:
            raise NotTaken(
                f"{sender.partner} 不能就这一件发送此消息：这一件与它无关",
                f"case {key} is no concern of {sender.partner}",
            )

    def _blank(self, sender: Sender, said: CaseBlanked) -> Handled:
        engine, now = self._engine, self._engine.clock.now()
        with engine.database.write() as connection:
            link = peer_cases.find(connection, said.key)
            self._require_link(connection, sender, said.key, link.direction if link else peer_cases.UP)
            report = blanking.report_of(connection, said.key)
            if report is None:
                raise Retry(f"case {said.key} of {sender.partner} has not arrived yet")
            if not inbox.claim(connection, sender.partner, sender.source, sender.id, now):
                return Handled(duplicate=True)
            blanking.blank(connection, report, engine.settings.source, now, told_by=sender.partner)
        return Handled()

    # -- escalations -----------------------------------------------------------------------------------------------------

    def _with_words(self, sender: Sender, said: i.CaseEscalated) -> Handled:
        """Version 1: the file stands in the message, and there are no attachments."""
        payload = {name: value for name, value in said.payload.items() if name != "file"}
        try:
            file = case_file.read(said.payload.get("file"))
        except BadFile as bad:
            raise NotTaken(bad.zh, bad.en) from bad
        return self._start(sender.command_id, sender.partner, said.key, said.place, payload, file, [])

    def _with_file(self, sender: Sender, said: CaseEscalatedWithFile) -> Handled:
        engine, now = self._engine, self._engine.clock.now()
        with engine.database.read() as connection:
            if inbox.result(connection, PARTNER, Correlate.__name__, sender.command_id) is not None:
                return Handled(duplicate=True)
            self._require_place(connection, sender.partner, said.key, said.place)
        case, attached = said.parts()
        told = {
            "source": sender.source,
            "message": sender.id,
            "key": said.key,
            "place": said.place,
            "payload": dict(said.payload),
            "case": asdict(case),
            "attachments": [asdict(each) for each in attached],
        }
        with engine.database.write() as connection:
            file_parts.put_down(connection, sender.command_id, sender.partner, told, now + PATIENCE)
            if peer_cases.find(connection, said.key) is None:
                peer_cases.received(connection, said.key, sender.partner, "", "", now)
        hit("arrivals.put-down")
        return self._start_what_is_whole(sender.partner) or Handled(result={"waiting": True})

    def _keep(self, sender: Sender, said: FilePart) -> Handled:
        body, now = said.content(), self._engine.clock.now()
        with self._engine.database.write() as connection:
            file_parts.keep(connection, sender.partner, said.part, said.index, body, now)
        hit("arrivals.part-kept")
        return self._start_what_is_whole(sender.partner) or Handled()

    def _start_what_is_whole(self, peer: str) -> Handled | None:
        """Start the escalations of a peer whose files are whole now. Whoever comes last sees all that was put down before it.

        A file that is of no use is refused by itself: the message that completed it may be another's.
        """
        handled = None
        with self._engine.database.read() as connection:
            waiting = [each for each in file_parts.awaited(connection, peer) if _is_whole(connection, each)]
        for each in waiting:
            told = _Told.of(each)
            try:
                handled = self._start_one(each.command_id, told)
            except NotTaken as refused:
                self._refuse(_refusal(told, refused.zh, refused.en, self._engine.clock.now()))
                with self._engine.database.write() as connection:
                    file_parts.arrived(connection, each.command_id)
        return handled

    def _start_one(self, command_id: str, told: _Told) -> Handled | None:
        with self._engine.database.read() as connection:
            bodies = {each.sha256: file_parts.body(connection, told.peer, each.sha256) for each in told.parts}
        wrong = [each.sha256 for each in told.parts if not _is_sound(each, bodies[each.sha256])]
        if wrong:
            self._want_anew(command_id, told, wrong)
            return None
        try:
            file = case_file.read(_json(bodies[told.case.sha256]))
        except BadFile as bad:
            raise NotTaken(bad.zh, bad.en) from bad
        attached = [(each, bodies[each.sha256]) for each in told.attachments]
        return self._start(command_id, told.peer, told.key, told.place, told.payload, file, attached, told.parts)

    def _want_anew(self, command_id: str, told: _Told, wrong: list[str]) -> None:
        """Parts do not have the hash that was told: they are thrown away, kept in mind as refused, and asked for at once."""
        now = self._engine.clock.now()
        reason = f"案卷有 {len(wrong)} 部分与摘要（SHA-256）不符，已请 {told.peer} 重发：{'、'.join(wrong)}"
        en = f"{len(wrong)} parts of the file have another SHA-256 than told; {told.peer} is asked for them again: {', '.join(wrong)}"
        self._refuse(_refusal(told, reason, en, now))
        with self._engine.database.write() as connection:
            file_parts.drop(connection, told.peer, wrong)
            file_parts.hurry(connection, command_id, now)

    def _start(
        self,
        command_id: str,
        peer: str,
        key: str,
        place: str,
        said: Mapping[str, Any],
        file: CaseFile,
        attached: list[tuple[Part, bytes]],
        parts: tuple[Part, ...] = (),
    ) -> Handled:
        """The superior case: the same message to the same start event as of a case of ours, with a report of the library here."""
        engine = self._engine
        with engine.database.read() as connection:
            self._require_place(connection, peer, key, place, file)
        payload, kept = words.taken(said, lambda number: texts.identity(command_id, str(number)))
        variables: dict[str, Any] = {}

        def before(connection: Connection, instance_id: str) -> str | None:
            if not instance_id:
                raise NotTaken(f"地区 {place} 没有受理下级提交的流程", f"nothing starts by {ESCALATED} at {place}")
            now = engine.clock.now()
            payload["report"] = case_file.keep(connection, file, peer, now)
            variables.update(open_child(connection, place, payload, instance_id, now))
            case = variables["case"]
            case_file.keep_course(connection, file, case["id"], self._called(file.place), now)
            _keep_words(connection, case["id"], ESCALATED, kept, now)
            for each, body in attached:
                attachments.add(connection, case["id"], each.name, each.media_type, body, now)
            peer_cases.received(connection, key, peer, file.number, file.place, now)
            file_parts.arrived(connection, command_id)
            file_parts.drop(connection, peer, [each.sha256 for each in parts])
            return str(case["number"])

        payload["parent"] = key
        command = Correlate(command_id, ESCALATED, key, payload, place, variables=variables, actor=peer)
        outcome = engine.execute(command, before=before)
        return Handled(outcome.duplicate, {"instance": outcome.instance_id, "incident": outcome.incident})

    def _require_place(
        self, connection: Connection, peer: str, key: str, place: str, file: CaseFile | None = None
    ) -> None:
        """The place is ours and the case the peer's, as far as this is known yet."""
        reference = self._snapshots.now().reference
        if place not in reference.places or reference.host_of(place) not in (None, self._peers.name):
            raise NotTaken(f"地区 {place} 不由本平台承办", f"place {place} is not hosted here")
        if file is not None and reference.host_of(file.place) != peer:
            raise NotTaken(
                f"地区 {file.place} 不由 {peer} 承办，它不能提交那里的问题", f"{peer} does not host {file.place}"
            )
        if file is not None and file.channel not in reference.channels:
            raise NotTaken(
                f"本平台没有渠道“{file.channel}”；请在 channels.csv 里加上后重放", f"no channel {file.channel}"
            )
        link = peer_cases.find(connection, key)
        ours = connection.scalar(select(Case.id).where(Case.id == key)) is not None
        if ours or (link is not None and (link.peer != peer or link.direction != peer_cases.DOWN)):
            raise NotTaken(f"{peer} 不能提交这一件：编号属于别的平台", f"case {key} is not {peer}'s")

    def _called(self, place: str) -> str:
        return self._snapshots.now().reference.place_name(place)

    # -- what is missing -------------------------------------------------------------------------------------------------

    def ask(self) -> int:
        """Ask for what is missing of files that have been waited for long enough; returns for how many. To be called now and then."""
        engine, now = self._engine, self._engine.clock.now()
        with engine.database.read() as connection:
            overdue = [each for each in file_parts.overdue(connection, now) if each.peer in self._peers.peers]
            old = file_parts.any_old(connection, now)
        for each in overdue:
            told, asked = _Told.of(each), each.asked + 1
            with engine.database.write() as connection:
                have = file_parts.counted(connection, each.peer, [part.sha256 for part in told.parts])
                missing = [part for part in told.parts if have[part.sha256] < part.chunks]
                pieces = sum(part.chunks - have[part.sha256] for part in missing)
                if file_parts.ask(connection, each.command_id, asked, now + min(PATIENCE * 2**asked, LONGEST_PATIENCE)):
                    data = {
                        "message": told.message,
                        "parts": [part.sha256 for part in missing],
                        "reason": f"缺 {pieces} 块" if pieces else "案卷没有通过核对",
                    }
                    identity = hashlib.sha256(f"{each.command_id}\0{asked}".encode()).hexdigest()
                    extensions = {"correlationkey": told.key}
                    source = engine.settings.source
                    wanted = Message(identity, "case.file.wanted", source, now, data, extensions=extensions)
                    peer_outbox.put(connection, each.peer, wanted, now)
        if old:
            with engine.database.write() as connection:
                file_parts.expire(connection, now)
        return len(overdue)

    def _send_again(self, sender: Sender, said: FileWanted) -> Handled:
        """The peer has not got our file: it leaves once more, or is given up."""
        now = self._engine.clock.now()
        with self._engine.database.write() as connection:
            self._require_link(connection, sender, said.key, peer_cases.UP)
            if not inbox.claim(connection, sender.partner, sender.source, sender.id, now):
                return Handled(duplicate=True)
            message, link = peer_cases.escalation(connection, said.key), peer_cases.find(connection, said.key)
            if message.id != said.message or link is None:
                return Handled(result={"known": False})  # the case has been submitted anew meanwhile
            peer_cases.resend(connection, said.key)
            if link.resent < RESENDS:
                peer_outbox.put(connection, sender.partner, message, now)
            else:
                reason = f"案卷重发 {RESENDS} 次，{sender.partner} 仍没有收齐：{said.reason}"
                peer_outbox.bury_message(connection, sender.partner, message, reason, now)
        return Handled()


def _is_whole(connection: Connection, waiting: Awaited) -> bool:
    told = _Told.of(waiting)
    have = file_parts.counted(connection, waiting.peer, [each.sha256 for each in told.parts])
    return all(have[each.sha256] >= each.chunks for each in told.parts)


def _is_sound(part: Part, body: bytes) -> bool:
    return len(body) == part.size and hashlib.sha256(body).hexdigest() == part.sha256


def _refusal(told: _Told, zh: str, en: str, now: datetime) -> Refusal:
    """The escalation itself, to be kept with the reason: sent once more when what was wrong is put right, it finds its parts here."""
    file = {"case": told.case.to_json(), "attachments": [each.to_json() for each in told.attachments]}
    extensions = {"correlationkey": told.key, VERSION: "2", PEER: told.peer}
    message = Message(told.message, ESCALATED, told.source, now, {**told.payload, "file": file}, extensions=extensions)
    return Refusal(Sender(told.peer, told.source, told.message, peer=True), message, zh, en)


def _keep_words(connection: Connection, case: str, element: str, kept: list[tuple[str, str]], now: datetime) -> None:
    for text_id, body in kept:
        texts.keep(connection, case, "", "来文", None, body, now, text_id)


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except (ValueError, RecursionError) as error:
        raise BadFile("案卷正文不是 JSON", "the case file is no JSON") from error

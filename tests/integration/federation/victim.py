"""A process to be killed at a failpoint.

python victim.py send DATABASE BROKER         the city's relay, until nothing is left to send
python victim.py receive DATABASE MESSAGES    the province, with messages of the city's in a JSON file
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from processes.casework.assembly import Core
from processes.clock import SystemClock
from processes.messaging.peers import Peer, Peers
from processes.store import peer_outbox
from processes.store.database import Database
from processes.store.outbox import message_of
from tests.levels.places import CITY, PROVINCE
from workers.bus.peers import PeerRelay


def send(database: str, broker: str) -> None:
    store, clock, peer = Database(database), SystemClock(), Peer(PROVINCE, broker)
    core = Core.on(store, clock, Peers(CITY, {PROVINCE: peer}))
    relay = PeerRelay(store, clock, peer, CITY, core.dispatch.unfold, poll_seconds=0.02, turn_seconds=1.0)
    relay.start()
    while True:
        with store.read() as connection:
            if not peer_outbox.any_waiting(connection, PROVINCE):
                break
        time.sleep(0.02)
    relay.stop(5.0)


def receive(database: str, file: str) -> None:
    peers = Peers(PROVINCE, {CITY: Peer(CITY, "amqp://127.0.0.1/")})
    inlet = Core.on(Database(database), SystemClock(), peers).reception.inlet(lambda partner, type_: True)
    for headers, data in json.loads(Path(file).read_text("utf-8")):
        inlet.receive(message_of(headers, data))


if __name__ == "__main__":
    {"send": send, "receive": receive}[sys.argv[1]](*sys.argv[2:])

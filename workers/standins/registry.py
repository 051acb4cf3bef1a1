"""An office's own system with a plain REST interface, for the HTTP connector: records that are made, read, changed and struck off."""

from __future__ import annotations

from typing import Any

from workers.standins.store import Json, Ledger, Store
from workers.standins.system import Refused, Reply, Request, System


class RegistrySystem(System):
    """``/registry/records[/<id>]``. A record that is ``closed`` takes no change any more (409 ``record_closed``)."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (
            ("POST", "records", self._make),
            ("GET", "records", self._list),
            ("GET", "records/*", self._show),
            ("PUT", "records/*", self._replace),
            ("PATCH", "records/*", self._change),
            ("DELETE", "records/*", self._strike_off),
        )

    def _make(self, ledger: Ledger, request: Request) -> Reply:
        id_ = f"R-{ledger.next_number('record'):05}"
        return Reply(201, self._keep(ledger, "made", {**request.body, "id": id_}))

    def _list(self, ledger: Ledger, request: Request) -> Reply:
        wanted = request.query
        found = [each for each in ledger.every("record") if all(str(each.get(k)) == v for k, v in wanted.items())]
        return Reply(200, found)

    def _show(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        return Reply(200, self._open(ledger, id_))

    def _replace(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        self._refuse_closed(ledger.get("record", id_))
        return Reply(200, self._keep(ledger, "replaced", {**request.body, "id": id_}))

    def _change(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        record = self._open(ledger, id_)
        self._refuse_closed(record)
        return Reply(200, self._keep(ledger, "changed", {**record, **request.body, "id": id_}))

    def _strike_off(self, ledger: Ledger, request: Request, id_: str) -> Reply:
        self._refuse_closed(self._open(ledger, id_))
        ledger.drop("record", id_)
        ledger.effect("struck_off", id_, {})
        return Reply(200, {"id": id_, "state": "struck_off"})

    def _keep(self, ledger: Ledger, effect: str, record: Json) -> Json:
        ledger.put("record", record["id"], record)
        ledger.effect(effect, record["id"], record)
        return record

    def _open(self, ledger: Ledger, id_: str) -> Json:
        record = ledger.get("record", id_)
        if record is None:
            raise Refused(404, "record_unknown", f"没有编号为 {id_} 的记录")
        return record

    def _refuse_closed(self, record: dict[str, Any] | None) -> None:
        if record is not None and record.get("state") == "closed":
            raise Refused(409, "record_closed", f"{record['id']} 已经办结")

"""The service-rating system (好差评): the platform asks for a rating, the enterprise gives one of five levels.

One item, one rating each time (一事一评, 一次一评): a second request for a case opens a second round.
"""

from __future__ import annotations

from typing import Any

from workers.standins.store import Json, Ledger, Store
from workers.standins.system import Refused, Reply, Request, System, next_step, script_subject, write_script


class RatingSystem(System):
    """``GET /ratings/requests/<case>`` shows the rounds of a case."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (("POST", "requests", self._request), ("GET", "requests/*", self._show))
        self.controls = (("POST", "rate", self._rate), ("POST", "script", self._script))

    def _request(self, ledger: Ledger, request: Request) -> Reply:
        case = request.text("case")
        asked = ledger.get("rating", case) or {"case": case, "rounds": []}
        if asked["rounds"] and asked["rounds"][-1]["level"] is None:
            asked["rounds"][-1]["lapsed"] = True
        id_ = f"{self.name}-{ledger.next_number('request')}"
        asked["rounds"].append({"id": id_, "level": None, "lapsed": False, "request": request.body})
        ledger.put("rating", case, asked)
        ledger.effect("requested", case, {"request": id_, **request.body})
        step = next_step(ledger, case, request.body.get("original"))
        if step is not None:
            self._rated(ledger, asked, step)
        return Reply(201, {"request": id_})

    def _show(self, ledger: Ledger, request: Request, case: str) -> Reply:
        asked = ledger.get("rating", case)
        if asked is None:
            raise Refused(404, "not_requested", f"没有请 {case} 评价过")
        return Reply(200, {**asked, "history": self.store.rows("effect", 10_000, subject=case)})

    def _rate(self, ledger: Ledger, request: Request) -> Reply:
        asked = ledger.get("rating", request.text("case"))
        if asked is None or asked["rounds"][-1]["level"] is not None:
            raise Refused(409, "not_requested", "没有待评价的邀请")
        return Reply(202, {"message": self._rated(ledger, asked, request.body)})

    def _rated(self, ledger: Ledger, asked: Json, rating: Json) -> str:
        level = rating.get("level")
        if isinstance(level, bool) or level not in (1, 2, 3, 4, 5):
            raise Refused(422, "level_unknown", "评价等级是 1 到 5")
        asked["rounds"][-1]["level"] = level
        ledger.put("rating", asked["case"], asked)
        said = {"case": asked["case"], "level": level, "rated_at": ledger.now.isoformat(timespec="seconds")}
        if rating.get("comment"):
            said["comment"] = str(rating["comment"])
        ledger.effect("rated", asked["case"], said)
        return ledger.push("rating.given", asked["case"], said)

    def _script(self, ledger: Ledger, request: Request) -> Reply:
        write_script(ledger, script_subject(request), [_rating(each) for each in request.body.get("ratings", [])])
        return Reply(200, {"for": script_subject(request)})


def _rating(step: Any) -> Json | None:
    """``5``, ``{"level": 5, "comment": …}``, or null: this time nobody rates."""
    if step is None or isinstance(step, dict):
        return step
    return {"level": step}

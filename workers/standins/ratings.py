"""The service-rating system (好差评): the platform asks for a rating, the enterprise gives one of five levels.

One item, one rating each time (一事一评, 一次一评): a second request for a case opens a second round. Services that have nothing to
do with the platform are rated, too: a bad rating goes to it as ``rating.order``, is to be mended within five working days
(核实 → 整改 → 反馈), and what the platform says of it is reviewed (复核).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from workers.standins.store import Json, Ledger, Store
from workers.standins.system import Refused, Reply, Request, System, next_step, script_subject, write_script

REVIEWS = "reviews"
"""the kind of script that reviews by itself"""

DAYS = 5
"""working days for mending what was rated badly"""


class RatingSystem(System):
    """``GET /ratings/requests/<case>`` shows the rounds of a case, ``GET /ratings/items/<projNo>`` an item that was rated badly."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (
            ("POST", "requests", self._request),
            ("GET", "requests/*", self._show),
            ("POST", "items/*/rectifications", self._rectify),
            ("GET", "items/*", self._item),
        )
        self.controls = (
            ("POST", "rate", self._rate),
            ("POST", "bad", self._rate_badly),
            ("POST", "review", self._review),
            ("POST", "script", self._script),
        )

    def version_of(self, type_: str, data: Json) -> str:
        return "2" if type_ == "rating.order" else "1"

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

    # ---- services that were rated badly ------------------------------------------------------------------------------

    def _rate_badly(self, ledger: Ledger, request: Request) -> Reply:
        number = request.text("projNo")
        request.text("projName")
        if ledger.get("item", number):
            raise Refused(409, "already_rated", f"办件 {number} 已经评价过（一事一评）")
        fields = {"evaluateTime": ledger.now.isoformat(timespec="seconds"), **request.body}
        due = _working_days_after(ledger.now, DAYS).isoformat(timespec="seconds")
        item = {"projNo": number, "status": "rated", "case": None, "due_at": due, "late": False, "fields": fields}
        ledger.put("item", number, item)
        ledger.effect("rated_badly", number, fields)
        return Reply(202, {"message": ledger.push("rating.order", number, fields)})

    def _rectify(self, ledger: Ledger, request: Request, number: str) -> Reply:
        """The platform says what it mended. An item it never told of is taken in on first contact, as from a file."""
        request.text("text")
        item = ledger.get("item", number) or {"projNo": number, "due_at": None, "late": False, "fields": {}}
        late = item["due_at"] is not None and ledger.now > datetime.fromisoformat(item["due_at"])
        item |= {"status": "rectified", "case": request.body.get("case"), "late": item["late"] or late}
        ledger.put("item", number, item)
        receipt = f"{self.name}-rectification-{ledger.effect('rectified', number, {'late': late, **request.body})}"
        step = next_step(ledger, number, item["case"], kind=REVIEWS)
        if step is not None:
            self._reviewed(ledger, item, bool(step), "")
        return Reply(201, {"receipt": receipt})

    def _review(self, ledger: Ledger, request: Request) -> Reply:
        if "projNo" in request.body:
            item = ledger.get("item", request.text("projNo"))
        else:
            case = request.text("case")
            item = next((each for each in ledger.every("item") if each.get("case") == case), None)
        if item is None or item["status"] != "rectified":
            raise Refused(409, "not_rectified", "没有待复核的整改")
        reason = str(request.body.get("reason") or "")
        return Reply(202, {"message": self._reviewed(ledger, item, bool(request.body.get("passed")), reason)})

    def _reviewed(self, ledger: Ledger, item: Json, passed: bool, reason: str) -> str:
        ledger.put("item", item["projNo"], {**item, "status": "passed" if passed else "failed"})
        said = {"case": item["case"], "passed": passed, "reviewed_at": ledger.now.isoformat(timespec="seconds")}
        said |= {"reason": reason} if reason else {}
        ledger.effect("reviewed", item["projNo"], said)
        return ledger.push("rating.reviewed", item["projNo"], said)

    def _item(self, ledger: Ledger, request: Request, number: str) -> Reply:
        item = ledger.get("item", number)
        if item is None:
            raise Refused(404, "item_unknown", f"没有办件 {number} 的差评")
        return Reply(200, {**item, "history": self.store.rows("effect", 10_000, subject=number)})

    def _script(self, ledger: Ledger, request: Request) -> Reply:
        if REVIEWS in request.body:
            write_script(ledger, script_subject(request), [bool(each) for each in request.body[REVIEWS]], REVIEWS)
        if "ratings" not in request.body:
            return Reply(200, {"for": script_subject(request)})
        write_script(ledger, script_subject(request), [_rating(each) for each in request.body.get("ratings", [])])
        return Reply(200, {"for": script_subject(request)})


def _rating(step: Any) -> Json | None:
    """``5``, ``{"level": 5, "comment": …}``, or null: this time nobody rates."""
    if step is None or isinstance(step, dict):
        return step
    return {"level": step}


def _working_days_after(moment: datetime, days: int) -> datetime:
    """Monday to Friday: that system's calendar knows no holidays."""
    while days:
        moment += timedelta(days=1)
        days -= moment.weekday() < 5
    return moment

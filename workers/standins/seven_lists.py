"""The seven-lists system: takes a transferred problem, accepts or rejects it, and reports 措施 → 整改 → 销号."""

from __future__ import annotations

from workers.standins.store import Json, Ledger, Store
from workers.standins.system import Refused, Reply, Request, System, next_step, script_subject, write_script

STAGES = ("measures", "rectification", "strike_off")
"""in order; each comes once"""


class SevenListsSystem(System):
    """``GET /seven-lists/problems/<case>`` shows a problem with its history. A script's steps are ``accept``, ``reject``
    and the stages; the steps of one transfer are one list."""

    def __init__(self, name: str, store: Store) -> None:
        super().__init__(name, store)
        self.routes = (("POST", "problems", self._transfer), ("GET", "problems/*", self._show))
        self.controls = (
            ("POST", "decide", self._decide),
            ("POST", "stage", self._stage),
            ("POST", "lists", self._lists),
            ("POST", "script", self._script),
        )

    def _transfer(self, ledger: Ledger, request: Request) -> Reply:
        case, list_ = request.text("case"), request.text("list")
        known = (ledger.get("setting", "lists") or {"lists": []})["lists"]
        if known and list_ not in known:
            raise Refused(422, "list_unknown", f"没有这张清单：{list_}")
        before = ledger.get("problem", case)
        if before and before["status"] not in ("rejected", "strike_off"):
            raise Refused(422, "already_transferred", f"{case} 已在清单中")
        reference = f"QD-{ledger.now:%Y}-{ledger.next_number('problem'):05}"
        problem = {"case": case, "reference": reference, "list": list_, "status": "received", "fields": request.body}
        ledger.put("problem", case, problem)
        ledger.effect("received", case, {"reference": reference, **request.body})
        plan = next_step(ledger, case, request.body.get("original"))
        if plan:
            self._play(ledger, problem, plan)
        return Reply(201, {"reference": reference})

    def _play(self, ledger: Ledger, problem: Json, plan: Json) -> None:
        for number, step in enumerate(plan["steps"]):
            after = number * float(plan["seconds"])
            if step in ("accept", "reject"):
                self._decided(ledger, problem, step == "accept", str(plan["reason"]), after)
            else:
                self._staged(ledger, problem, step, "", after)

    def _show(self, ledger: Ledger, request: Request, case: str) -> Reply:
        problem = self._problem(ledger, case)
        return Reply(200, {**problem, "history": self.store.rows("effect", 10_000, subject=case)})

    def _decide(self, ledger: Ledger, request: Request) -> Reply:
        problem = self._problem(ledger, request.text("case"))
        reason = str(request.body.get("reason") or "不属于清单范围。")
        return Reply(202, {"message": self._decided(ledger, problem, bool(request.body.get("accept")), reason)})

    def _decided(self, ledger: Ledger, problem: Json, accept: bool, reason: str, after: float = 0.0) -> str:
        if problem["status"] != "received":
            raise Refused(409, "already_decided", f"{problem['case']} 已经处理过")
        problem["status"] = "accepted" if accept else "rejected"
        said = {"reference": problem["reference"], **({"list": problem["list"]} if accept else {"reason": reason})}
        return self._tell(ledger, problem, problem["status"], said, after)

    def _stage(self, ledger: Ledger, request: Request) -> Reply:
        problem = self._problem(ledger, request.text("case"))
        note = str(request.body.get("note") or "")
        return Reply(202, {"message": self._staged(ledger, problem, request.text("stage"), note)})

    def _staged(self, ledger: Ledger, problem: Json, stage: str, note: str, after: float = 0.0) -> str:
        order = ("accepted", *STAGES)
        if stage not in STAGES or problem["status"] != order[order.index(stage) - 1]:
            raise Refused(409, "out_of_order", f"{problem['case']} 现在是 {problem['status']}，不能变为 {stage}")
        problem["status"] = stage
        said = {"reference": problem["reference"], "stage": stage, **({"note": note} if note else {})}
        return self._tell(ledger, problem, "stage", said, after)

    def _tell(self, ledger: Ledger, problem: Json, what: str, said: Json, after: float) -> str:
        said = {"case": problem["case"], **said, "at": ledger.now.isoformat(timespec="seconds")}
        ledger.put("problem", problem["case"], problem)
        ledger.effect(problem["status"], problem["case"], said)
        return ledger.push(f"seven-lists.{what}", problem["case"], said, after=after)

    def _lists(self, ledger: Ledger, request: Request) -> Reply:
        ledger.put("setting", "lists", {"lists": [str(each) for each in request.body.get("lists", [])]})
        return Reply(200, {})

    def _script(self, ledger: Ledger, request: Request) -> Reply:
        steps = [str(each) for each in request.body.get("steps", [])]
        unknown = [each for each in steps if each not in ("accept", "reject", *STAGES)]
        if unknown:
            raise Refused(422, "step_unknown", f"没有这种步骤：{'、'.join(unknown)}")
        reason = str(request.body.get("reason") or "不属于清单范围。")
        plan = {"steps": steps, "seconds": float(request.body.get("seconds", 0)), "reason": reason}
        write_script(ledger, script_subject(request), [plan])
        return Reply(200, {"for": script_subject(request)})

    def _problem(self, ledger: Ledger, case: str) -> Json:
        problem = ledger.get("problem", case)
        if problem is None:
            raise Refused(404, "problem_unknown", f"没有移送过 {case}")
        return problem

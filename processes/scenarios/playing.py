"""Plays a scenario on a stage: a step after the other, then what must have come of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from processes.casework import forms
from processes.casework.doors import variables_of
from processes.errors import BihuanError
from processes.kernel.timers import add_duration
from processes.messaging import jobs
from processes.runtime import commands as c
from processes.runtime.handlers import LATE
from processes.scenarios import files
from processes.scenarios.judging import Mismatch, Reached, fits, incidents, is_at, judge, open_tasks, reached, shown
from processes.scenarios.stage import Passed, Stage
from processes.store.tables import JOB_IS_OPEN, Job, Subscription, Timer


@dataclass(frozen=True)
class Played:
    """What came of a scenario: ``failure`` when it is not as written, and the flows and elements that were passed all the same."""

    scenario: files.Scenario
    failure: BihuanError | None
    flows: frozenset[Passed]
    elements: frozenset[Reached]


def play(scenario: files.Scenario, stage: Stage) -> Played:
    """Play it from the beginning, on the cleared stage."""
    stage.clear(scenario.given.time, scenario.given.answers)
    failure: BihuanError | None = None
    try:
        Play(scenario, stage).all()
    except BihuanError as error:
        failure = error
    return Played(scenario, failure, frozenset(stage.record.flows), frozenset(reached(stage)))


class Play:
    """A scenario under way on a stage that was cleared for it."""

    def __init__(self, scenario: files.Scenario, stage: Stage) -> None:
        self.scenario = scenario
        self.stage = stage
        self.instance = ""

    def all(self) -> None:
        """From the beginning to the end. Raises what fails, with the step."""
        self._at("given", "given", self.begin)
        for number, step in enumerate(self.scenario.when, start=1):
            self._at(f"第 {number} 步（{_named(step)}）", f"step {number} ({_named(step)})", partial(self.take, step))
        self._at("then", "then", lambda: self._look(self.scenario.then))

    def _at(self, zh: str, en: str, work: Callable[[], None]) -> None:
        try:
            work()
        except BihuanError as error:
            standing = self._standing()
            raise Mismatch(
                f"{zh}：{error.zh}" + (f"\n此刻：{standing}" if standing else ""),
                f"{en}: {error.en}" + (f"\nnow: {standing}" if standing else ""),
            ) from error

    def begin(self) -> None:
        """Start the process as it is given."""
        given, stage = self.scenario.given, self.stage
        command = f"scenario:{self.scenario.name}"
        if given.start is None:
            self.instance = stage.start(self.scenario.process, given.variables, place=given.place, id=command)
            return
        start: c.Command
        if given.start.kind == "message":
            start = c.Correlate(
                command, given.start.name, payload=given.start.payload, place=given.place, variables=given.variables
            )
        else:
            start = c.Start(
                command,
                self.scenario.process,
                given.place,
                given.variables,
                event=(LATE if given.start.kind == "timer" else "signal:") + given.start.name,
                payload=given.start.payload,
            )
        outcome = stage.carry_out(start)
        if outcome.instance_id is None:
            raise Mismatch(
                f"{given.start.kind} {given.start.name} 没有开始流程 {self.scenario.process}",
                f"{given.start.kind} {given.start.name} starts no {self.scenario.process}",
            )
        self.instance = outcome.instance_id

    # -- steps -------------------------------------------------------------------------------------------------------------

    def take(self, step: files.Step) -> None:
        """Let a step happen. Raises what speaks against it."""
        stage = self.stage
        match step:
            case files.Complete():
                self._complete(step)
            case files.Answer():
                self._answer(step)
            case files.Tell():
                outcome = stage.correlate(step.name, step.key, step.payload)
                if outcome.buffered and not step.early:
                    raise Mismatch(
                        f"没有谁在等消息 {step.name}（关联键“{step.key}”）",
                        f"nobody waits for {step.name} of {step.key!r}",
                    )
            case files.Broadcast():
                if not stage.signal(step.name, step.payload):
                    raise Mismatch(f"没有谁在等信号 {step.name}", f"nobody waits for the signal {step.name}")
            case files.Wait():
                self._wait(step)
            case files.Cancel():
                stage.cancel(self.instance, step.reason)
            case files.Then():
                self._look(step)

    def _complete(self, step: files.Complete) -> None:
        stage = self.stage
        rows = [each for each in open_tasks(stage) if is_at(step.element, each.element_id, each.process_id)]
        row = next((each for each in rows if fits(step.where, each._mapping)), None)
        if row is None:
            raise _not_there("待办任务", "open task", step.element, step.where)
        values = step.form
        if row.form and not step.unchecked:
            engine = stage.engine
            with stage.database.read() as connection:
                form = forms.read(connection, row.definition_id, row.form)
                seen = variables_of(engine, connection, row)
                values = forms.check(form, step.form, seen, forms.evaluator(engine.functions, engine.clock.now))
        stage.complete(row.id, values)

    def _answer(self, step: files.Answer) -> None:
        stage, element = self.stage, step.element.rpartition("/")[2]
        statement = select(Job.__table__).where(
            JOB_IS_OPEN, Job.element_id == element, Job.available_at <= stage.clock.now()
        )
        with stage.database.read() as connection:
            rows = connection.execute(statement.order_by(Job.created_at, Job.id)).all()
        row = next((each for each in rows if fits(step.where, each.arguments)), None)
        if row is None:
            raise _not_there("等待答复的外部任务", "open job", step.element, step.where)
        if step.error is not None:
            stage.throw_error(row.id, step.error, variables=step.variables)
        elif step.failure is not None:
            stage.fail_job(row.id, step.failure, final=step.final)
        else:
            jobs.check_result(row.topic, step.result)
            stage.complete_job(row.id, step.result)

    def _wait(self, step: files.Wait) -> None:
        now = self.stage.clock.now()
        until = add_duration(now, step.by) if step.until is None else step.until
        if until < now:
            raise Mismatch(f"时间不能倒流：此刻已是 {now:%Y-%m-%dT%H:%MZ}", f"it is {now:%Y-%m-%dT%H:%MZ} already")
        self.stage.advance(until - now)

    def _look(self, then: files.Then) -> None:
        wrong = judge(then, self.stage, self.instance)
        if wrong:
            raise Mismatch("；".join(each.zh for each in wrong), "; ".join(each.en for each in wrong))

    def _standing(self) -> str:
        """Where things stand, for who has to find out why."""
        stage = self.stage
        with stage.database.read() as connection:
            asked = connection.execute(select(Job.element_id).where(JOB_IS_OPEN)).scalars().all()
            waits = connection.execute(select(Subscription.message, Subscription.key)).all()
            timers = connection.execute(select(Timer.element_id)).scalars().all()
        told: dict[str, Sequence[str]] = {
            "task": [each.element_id for each in open_tasks(stage)],
            "job": asked,
            "message": [f"{message}({key})" for message, key in waits],
            "timer": timers,
            "incident": [f"{element}：{detail}" for element, detail in incidents(stage)],
        }
        return " ".join(f"{name}[{', '.join(found)}]" for name, found in told.items() if found)


def _not_there(zh: str, en: str, element: str, where: Mapping[str, Any]) -> Mismatch:
    which = shown(dict(where)) if where else ""
    return Mismatch(f"{element}{which} 没有{zh}", f"no {en} at {element} {which}".rstrip())


def _named(step: files.Step) -> str:
    match step:
        case files.Complete() | files.Answer():
            return step.element
        case files.Tell() | files.Broadcast():
            return step.name
        case files.Wait():
            return step.by or f"{step.until:%Y-%m-%dT%H:%M}"
        case files.Cancel():
            return "cancel"
        case _:
            return "then"

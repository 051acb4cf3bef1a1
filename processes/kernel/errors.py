"""What can go wrong in a running instance, each with the element it went wrong at."""

from __future__ import annotations

from typing import Any

from processes.errors import BihuanError

_DATA_ERRORS = (ArithmeticError, AttributeError, LookupError, NameError, RecursionError, TypeError, ValueError)
"""What variables that nobody expected make Python raise."""


class StepFailed(BihuanError):
    """The engine could not go on; the in-memory instance is to be thrown away."""

    def __init__(self, zh: str, en: str, element_id: str | None = None) -> None:
        super().__init__(zh, en, element=element_id)
        self.element_id = element_id


class NotWaiting(BihuanError):
    """The task a command is for is not (or no longer) there."""

    def __init__(self, task_id: str) -> None:
        super().__init__("这项任务已经办结或已撤销", f"task {task_id} is not waiting", task=task_id)


class Unfit(BihuanError):
    """What was brought cannot be taken as it is; nothing has changed, and what waits for it waits on."""


class Unsound(Unfit):
    """What an operator asks for would leave tokens that nothing can bring to an end, or twice the same."""


class ElementError(BihuanError):
    """Something an element of the diagram asked for could not be done."""

    def __init__(self, element_id: str, cause: BihuanError) -> None:
        super().__init__(f"{element_id}:{cause.zh}", f"{element_id}: {cause.en}", element=element_id, **cause.details)
        self.element_id = element_id


class Stuck(BihuanError):
    """A diagram's rule is not fulfilled at an element: no condition holds, nobody catches an error, a number of turns makes no sense."""

    def __init__(self, element_id: str, zh: str, en: str) -> None:
        super().__init__(f"{element_id} {zh}", f"{element_id}: {en}", element=element_id)


def no_condition_holds(element_id: str) -> Stuck:
    """No outgoing flow can be taken."""
    return Stuck(element_id, "没有一个出口条件成立,也没有默认出口", "no condition holds and there is no default flow")


def uncaught(code: str | None, element_id: str) -> Stuck:
    """A BPMN error that nobody catches."""
    return Stuck(
        element_id,
        f"抛出的业务错误“{code or ''}”没有被任何边界事件或事件子流程捕获;请在外层活动上画一个捕获它的错误边界事件",
        f"the BPMN error {code!r} is caught by no boundary event or event sub-process",
    )


class failing:
    """Whatever an instance's diagram and variables make go wrong in this block is a :class:`StepFailed` that names the element."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing has gone wrong yet."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (StepFailed, NotWaiting, Unfit)):
            return
        if isinstance(error, BihuanError):
            raise StepFailed(error.zh, error.en, str(error.details.get("element") or "") or None) from error
        if isinstance(error, _DATA_ERRORS):
            raise StepFailed(f"这一步的数据不合用：{error}", f"the data do not fit: {error!r}") from error

"""The catalogue of jobs says what a service task may ask, and is held to it."""

from __future__ import annotations

import pytest

from processes.messaging.jobs import CATALOGUE, JobKind, JobViolation
from processes.messaging.schema import describe

ALL = pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda each: each.topic)


@ALL
def test_the_examples_of_each_job_fit_it(kind: JobKind) -> None:
    kind.check_arguments(kind.example)
    kind.check_result(kind.example_result)


@ALL
def test_every_field_has_a_chinese_title_for_the_studio(kind: JobKind) -> None:
    for described in (*describe(kind.arguments), *describe(kind.result)):
        assert not described.title.isascii(), described.name


@ALL
def test_a_missing_argument_is_named(kind: JobKind) -> None:
    for described in describe(kind.arguments):
        if described.required:
            without = {name: value for name, value in kind.example.items() if name != described.name}
            with pytest.raises(JobViolation, match=f"{described.name}：缺少必填字段"):
                kind.check_arguments(without)


def test_arguments_of_a_diagrams_own_are_let_through() -> None:
    kind = CATALOGUE["channel.answer"]
    kind.check_arguments({**kind.example, "attachments": ["a.pdf"]})


def test_a_result_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(JobViolation, match="reference"):
        CATALOGUE["seven-lists.transfer"].check_result({"reference": None})

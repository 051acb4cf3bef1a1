"""The tour of the levels, in its shorter form: real processes, real servers, the link cut for the middle third."""

from __future__ import annotations

import pytest

from tests.levels.__main__ import main
from tests.servers import install


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.postgres
def test_a_city_and_a_province_end_right_though_the_link_is_cut() -> None:
    problem = install.ensure(["rabbitmq-server", "postgresql"])
    if problem:
        pytest.skip(problem)
    assert main(["--only", "cut", "--megabytes", "1.5"]) == 0

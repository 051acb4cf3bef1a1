"""A desk with the shipped models for each test."""

from __future__ import annotations

import pytest

from tests.integration.models.desk import Desk, models_with_test_decisions


@pytest.fixture
def desk() -> Desk:
    """Everybody around the shipped diagrams."""
    return Desk(models_with_test_decisions())

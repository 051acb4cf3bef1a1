"""The conformance kit, where it is at hand: ``TCK=path`` or ``../shared/tck``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tck.run import run

KIT = Path(os.environ.get("TCK", Path(__file__).parents[3] / "shared" / "tck"))
needs_kit = pytest.mark.skipif(not list(KIT.glob("compliance-level-*")), reason=f"no conformance kit at {KIT}")


@needs_kit
def test_all_of_level_2_passes() -> None:
    score = run(KIT / "compliance-level-2")["compliance-level-2"]
    assert score.failures == []
    assert score.total >= 100


@needs_kit
def test_level_3_passes_but_for_java_and_references_back_in_patterns() -> None:
    """Functions of Java are not run, and RE2 has no ``\\1``: what else fails is a step back."""
    score = run(KIT / "compliance-level-3")["compliance-level-3"]
    others = [failure for failure in score.failures if "external-java" not in failure and "-17 " not in failure]
    assert others == []
    assert score.passed >= 0.97 * score.total
    assert score.passed_with_value >= 0.96 * score.total_with_value

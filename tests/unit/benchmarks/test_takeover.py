"""How a run of the load is read: which ends count, and what a takeover is."""

from __future__ import annotations

from tests.benchmarks import takeover
from tests.benchmarks.rig.outcome import Outcome, Seen


def every_tenth(seconds: float, slow_from: float, slow_until: float) -> Outcome:
    """Ten cases a second, each done in 20 ms, but for those of a span, which take 500 ms."""
    instances = []
    for number in range(round(seconds * 10)):
        published = number / 10
        took = 0.5 if slow_from <= published < slow_until else 0.02
        instances.append(Seen(number, 100.0 + published, None, 100.0 + published + took))
    return Outcome(100.0, seconds, instances, 0, 0)


def test_the_first_quarter_and_what_ends_too_late_do_not_count() -> None:
    outcome = every_tenth(8.0, slow_from=7.0, slow_until=8.0)
    counted = 50 + 5  # those that were published from 2.0 s to 7.0 s, and until 7.5 s: later ones end after the end
    assert outcome.per_second * 6.0 == counted


def test_unfinished_cases_are_told() -> None:
    outcome = Outcome(0.0, 1.0, [Seen(1, 0.1, None, None), Seen(2, 0.2, None, 0.3)], 0, 0)
    assert (outcome.finished, outcome.unfinished) == (1, 1)


def test_a_takeover_lasts_until_a_second_passes_without_a_slow_case() -> None:
    outcome = every_tenth(10.0, slow_from=4.0, slow_until=5.5)
    assert round(takeover._normal_again(outcome, 4.0, usual=20.0), 1) == 5.5


def test_without_a_slow_case_there_is_no_takeover() -> None:
    assert takeover._normal_again(every_tenth(10.0, 0.0, 0.0), 4.0, usual=20.0) == 4.0


def test_cases_under_way_at_the_kill_belong_to_the_takeover() -> None:
    outcome = every_tenth(10.0, slow_from=3.9, slow_until=4.0)
    summary, _ = takeover._sections(outcome, 4.0, 10.0, "")
    assert [row[2] for row in summary.rows] == ["29", "1", "60"]

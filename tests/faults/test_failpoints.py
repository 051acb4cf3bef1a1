"""Failpoints: found in the source, each in one place, all of them in the matrix; they kill when told to, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

from processes.failpoints import VARIABLE
from tests.faults.failpoints import scan
from tests.faults.scenarios import matrix, usual
from tests.faults.world import LANES, ROOT

PASSES = """
from processes import failpoints
for turn in range(1, 5):
    failpoints.hit("other.place")
    failpoints.hit("test.place")
    print(turn, flush=True)
"""


def passes(setting: str | None) -> subprocess.CompletedProcess[str]:
    """Come by the failpoint four times, with this setting of the environment."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if setting is not None:
        environment[VARIABLE] = setting
    command = [sys.executable, "-c", PASSES]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_an_armed_process_kills_itself_at_the_pass_that_was_named() -> None:
    ended = passes("test.place:3")
    assert (ended.returncode, ended.stdout.split()) == (-signal.SIGKILL, ["1", "2"])


def test_without_a_number_it_is_the_first_pass() -> None:
    ended = passes("test.place")
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "")


def test_nothing_happens_at_other_places_and_without_the_variable() -> None:
    for setting in (None, "", "nobody.comes:1"):
        ended = passes(setting)
        assert (ended.returncode, ended.stdout.split()) == (0, ["1", "2", "3", "4"])


def test_every_failpoint_of_the_source_stands_in_one_place_and_is_in_the_matrix() -> None:
    found = scan()
    assert len(found) > 50
    assert [name for name, times in Counter(each.name for each in found).items() if times > 1] == []
    played = {each.failpoint.name for lane in LANES for each in matrix(lane) if each.failpoint is not None}
    elsewhere = {each.name for each in found if each.offline or each.linked or each.many or each.asked}
    assert played == {each.name for each in found} - elsewhere
    assert all(usual(lane) for lane in LANES)

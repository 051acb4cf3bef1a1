"""A report is Markdown that can be read as it stands."""

from __future__ import annotations

from tests.benchmarks.report import Section, at_least, at_most, figure


def test_a_section_is_an_aligned_table() -> None:
    section = Section(
        "Title", ["", "cost"], [["ours", figure(1.234, "ms")], ["theirs", figure(123.4, "ms")]], "About.", ["Note."]
    )
    assert section.markdown().splitlines() == [
        "### Title",
        "",
        "About.",
        "",
        "|        |    cost |",
        "| ------ | ------: |",
        "| ours   | 1.23 ms |",
        "| theirs |  123 ms |",
        "",
        "- Note.",
    ]


def test_goals_say_whether_they_are_met() -> None:
    assert at_most(1.1, 1.2) == "≤ 1.2 x: met"
    assert at_least(4.9, 5) == "≥ 5 x: missed"

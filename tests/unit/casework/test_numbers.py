"""Problem numbers as people write, read out and mistype them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.casework.numbers import compose, is_valid, normalise

NUMBER = compose("330502", 2026, 42)
PLACES = st.sampled_from(["33", "3305", "330502", "330502001", "330502001001"])


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        NUMBER.replace("-", " "),
        NUMBER.replace("-", ""),
        NUMBER.replace("-", "—"),
        f"  编号：{NUMBER}。",
        NUMBER.translate(str.maketrans("0123456789-", "０１２３４５６７８９－")),
    ],
)
def test_a_number_is_understood_however_it_is_written(written: str) -> None:
    assert normalise(written) == NUMBER


@given(PLACES, st.integers(2000, 2099), st.integers(1, 10**7))
def test_numbers_survive_without_dashes_when_their_place_is_known(place: str, year: int, serial: int) -> None:
    number = compose(place, year, serial)
    assert is_valid(number)
    assert normalise(number) == number
    assert normalise(number.replace("-", ""), {place}) == number


@given(PLACES, st.integers(1, 10**6), st.integers(0, 20), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(place: str, serial: int, position: int, shift: int) -> None:
    number = compose(place, 2026, serial)
    digits = [index for index, sign in enumerate(number) if sign.isdigit()]
    at = digits[position % len(digits)]
    wrong = number[:at] + str((int(number[at]) + shift) % 10) + number[at + 1 :]
    assert not is_valid(wrong)


@pytest.mark.parametrize("text", ["", "没有", "330502", "330502-26-00042-9", "12345", NUMBER + "1"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert normalise(text) is None


def test_a_long_serial_keeps_its_digits() -> None:
    assert compose("33", 2026, 123456).startswith("33-26-123456-")

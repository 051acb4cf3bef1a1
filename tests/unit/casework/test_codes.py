"""Codes of the portal: drawn, kept as hashes, tried however they are typed."""

from __future__ import annotations

import argon2

from processes.casework.portal import codes


def test_a_code_fits_however_it_is_typed_and_no_other_does() -> None:
    code = codes.new()
    kept = codes.hashed(code)
    assert code not in kept
    assert codes.fits(kept, code)
    assert codes.fits(kept, f" {code[:4].lower()}-{code[4:].lower()} ")
    assert not codes.fits(kept, code[:-1])
    assert not codes.fits(kept, codes.new())


def test_nothing_fits_where_there_is_no_code() -> None:
    assert not codes.fits("", "")
    assert not codes.fits("", "ABCD2345")
    assert not codes.fits("not a hash", "ABCD2345")


def test_a_code_of_before_is_still_good() -> None:
    assert codes.fits(argon2.PasswordHasher().hash("ABCD2345"), "abcd 2345")


def test_whoever_asks_for_a_problem_that_is_not_there_waits_as_long() -> None:
    """The hash that is tried then has the cost of all others."""
    assert argon2.extract_parameters(codes._nobodys()) == argon2.extract_parameters(codes.hashed("ABCD2345"))

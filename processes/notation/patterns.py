"""Regular expressions of forms, by RE2: time grows with the length of the text and nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

_compile: Any = re2.compile

LONGEST = 1_000
"""Characters of a pattern; a longer one is a list of values and belongs into a table."""

_MEMORY = 1 << 20
"""Bytes RE2 may use for one: refuses counted repetitions that multiply to a huge program."""


@lru_cache(256)
def form_pattern(source: str) -> Any:
    """The compiled ``pattern`` of a JSON Schema (searched for, not anchored).

    Raises ValueError for what RE2 refuses: look-around, references back, what is no pattern at all.
    """
    if len(source) > LONGEST:
        raise ValueError(f"a pattern has at most {LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return _compile(source, options)
    except (re2.error, UnicodeError) as error:
        raise ValueError(str(error)) from error

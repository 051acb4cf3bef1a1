"""The built-in functions of DMN 1.5, 10.3.4, by family. Importing this package registers them all."""

from processes.notation.feel.builtins import contexts, conversion, lists, logic, numbers, ranges, strings, temporal
from processes.notation.feel.scope import BUILT_IN

PROPERTY_NAMES = ("time offset", "start included", "end included")
"""Names with spaces that stand after a dot."""

KNOWN_NAMES = (*(name for name in BUILT_IN if " " in name), *PROPERTY_NAMES)
"""What the scanner must read as one name everywhere."""

__all__ = [
    "KNOWN_NAMES", "contexts", "conversion", "lists", "logic", "numbers", "ranges", "strings", "temporal",
]  # fmt: skip

"""The table of constructs as Markdown: ``python -m tests.conformance [PART OF A PATH]``; exit code 1 when one is wrong."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterator

from tests.conformance.case import Case, cases
from tests.conformance.play import Player, errors, refuse


def main(containing: str = "") -> int:
    """Print the table; 1 when a case is wrong, 2 when there is none."""
    logging.disable(logging.ERROR)  # incidents that a play provokes are no news
    totals: Counter[str] = Counter()
    print("| area | construct | file | result |\n|---|---|---|---|")
    for case in cases(containing):
        verdict, result = _result(case)
        totals[verdict] += 1
        cells = (case.area, case.construct, str(case), result if verdict == "right" else f"**{verdict}** {result}")
        print("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |", flush=True)
    print(f"\n{totals['right']} right, {totals['refused']} refused, {totals['wrong']} wrong")
    return 1 if totals["wrong"] else 0 if totals else 2


def _result(case: Case) -> tuple[str, str]:
    """right, refused or wrong; and the trace, the refusal, or what is wrong."""
    try:
        if case.refusals:
            refuse(case)
            return "refused", ", ".join(f"{rule} at {element}" for rule, element in sorted(case.refusals))
        said = errors(case)
        if said:
            return "wrong", f"check: {'; '.join(_words(said))}"
        player = Player(case)
        player.play()
        return "right", _shortened(player.trace)
    except Exception as error:  # whatever an engine raises, the other cases want to be seen as well
        return "wrong", f"{type(error).__name__}: {error}"


def _shortened(trace: str) -> str:
    """A loop of many turns need not be read in full."""
    return trace if len(trace) <= 300 else f"{trace[:150]} … {trace[-100:]}"


def _words(said: dict[tuple[str, str], str]) -> Iterator[str]:
    return (f"{rule} at {element}" for rule, element in said)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))

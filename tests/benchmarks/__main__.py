"""``make bench``: every figure as a ratio in one run."""

from __future__ import annotations

from tests.benchmarks import expressions, order, pages


def main() -> int:
    """Print the report."""
    for part in (expressions, order, pages):
        print("\n".join(part.run()), flush=True)
        print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What-if on thousands of cases: cases of every kind are run on the real engine, drafts are made, and what the replay says is counted against
what a query finds. ``python -m tests.whatif --cases 10000``; a small size runs with the suite (tests/integration/whatif)."""

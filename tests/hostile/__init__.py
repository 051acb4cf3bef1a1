"""What hostile or clumsy strangers bring: sources of expressions (``sources``), and messages to the platform (``messages``).

python -m tests.hostile --messages 10000 --seed 1
"""

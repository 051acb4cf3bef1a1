"""What the enterprises' portal keeps and shows: verified numbers, problems reported by them, and what has become of these.

Nobody has an account there. A browser shows that a phone number is its own by a code that was sent to it, or that it may see one problem by
that problem's code; either lets it in for a while (``passes``).
"""

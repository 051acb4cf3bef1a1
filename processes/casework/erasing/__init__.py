"""Deleting personal data for good: rows of people's words and names are blanked, and what of them has got elsewhere is struck out."""

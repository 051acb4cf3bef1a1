"""Diagrams that were drawn with other tools: brought into a draft, and what of their settings has its like here."""

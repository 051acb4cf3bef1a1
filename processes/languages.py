"""The languages that people read: Chinese, and English where somebody has chosen it.

The core knows no request. Whatever makes words for people is given the language, or a thing that is in a language already: the reference
data (``Reference.in_language``), a definition's drawings and forms (``models(…, language)``). Errors say what they say in both.
"""

from __future__ import annotations

CHINESE, ENGLISH = "zh", "en"


def say(language: str, zh: str, en: str) -> str:
    """The words of a language."""
    return en if language == ENGLISH else zh

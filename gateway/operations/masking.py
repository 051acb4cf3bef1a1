"""Messages as operators see them at first: without what tells who it is about. What a sentence says besides numbers and addresses stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.operations.pages import blueprint
from processes.casework.audit.log import masked as numbers_masked

PERSONAL = ("name", "caller", "contact", "phone", "mobile", "tel", "mail", "address", "card")
"""What stands in the names of members that are masked as a whole (``applicantName``, ``caller_phone``)."""


@blueprint.app_template_filter()
def hidden(value: Any) -> Any:
    """JSON, or a text, masked: numbers and e-mail addresses everywhere, and all of members whose names say that it is a person's."""
    if isinstance(value, str):
        return numbers_masked(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        text = numbers_masked(str(value))
        return value if text == str(value) else text
    if isinstance(value, Mapping):
        return {name: _covered(each) if _is_personal(str(name)) else hidden(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(each) for each in value]
    return value


def _is_personal(name: str) -> bool:
    return any(each in name.lower() for each in PERSONAL)


def _covered(value: Any) -> Any:
    """The first sign, so that it is seen whether there is something."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        masked = numbers_masked(text)
        return masked if masked != text else f"{text[:1]}****" if text else ""
    return hidden(value)

"""An AsyncAPI document as a stranger reads it: nothing of the platform's own code is asked."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

Json = dict[str, Any]

formats = FormatChecker(())


@formats.checks("date-time", ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@dataclass(frozen=True)
class Example:
    """A message as the document shows it."""

    key: str
    """the message's, in ``components``"""
    message: Json
    headers: Json
    payload: Any

    @property
    def routing_key(self) -> str:
        """The document says that it is the type."""
        return str(self.headers["ce-type"])


def at(document: Json, reference: Json) -> Any:
    """What a reference leads to."""
    found: Any = document
    for step in reference["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return at(document, found) if "$ref" in found else found


def examples(document: Json) -> Iterator[Example]:
    """All examples of all messages."""
    for key, message in document["components"]["messages"].items():
        for each in message["examples"]:
            yield Example(key, message, copy.deepcopy(each["headers"]), copy.deepcopy(each["payload"]))


def channels_of(document: Json, key: str) -> list[Json]:
    """The channels that a message travels on."""
    reference = {"$ref": f"#/components/messages/{key}"}
    return [each for each in document["channels"].values() if reference in each["messages"].values()]


def fits(schema: Json, value: Any) -> bool:
    """Whether a value fits a schema of the document, its formats included."""
    return bool(Draft7Validator(schema, format_checker=formats).is_valid(value))


def fits_message(message: Json, headers: Json, payload: Any) -> bool:
    """Whether headers and payload fit a message of the document."""
    return fits(message["headers"], headers) and fits(message["payload"], payload)

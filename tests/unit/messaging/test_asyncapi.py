"""The AsyncAPI document says what the code takes: no more, no less, and nothing else each time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from processes.errors import BihuanError
from processes.messaging import cloudevents, incoming
from processes.messaging.asyncapi import document, json_schema
from processes.messaging.bus import Message
from processes.messaging.contracts import CONTRACTS, Contract, ContractViolation, Kind, parse
from processes.messaging.events import EVENTS
from processes.messaging.jobs import CATALOGUE, JobKind
from processes.messaging.json_text import to_json
from tests.asyncapi.reading import Example, at, channels_of, examples, fits, fits_message

DOCUMENT = document("1.2.3")
EXAMPLES = {each.key: each for each in examples(DOCUMENT)}
RECEIVED = {
    key: each
    for key, each in EXAMPLES.items()
    if any("bihuan.inbox" in str(one["bindings"]) for one in channels_of(DOCUMENT, key))
}
"""the examples of messages to the platform"""

ANSWERS = {"job.accepted", "job.extended", "job.completed", "job.failed", "job.error"}
"""what a worker may say of a job"""

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
ALL_RECEIVED = pytest.mark.parametrize("example", RECEIVED.values(), ids=RECEIVED)
ALL_CONTRACTS = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda each: f"{each.type} {each.version}")
ALL_JOBS = pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda each: each.topic)


def received(headers: Mapping[str, str], payload: Any) -> Message:
    """A message made of the document's words alone, as it comes off the wire."""
    body = json.dumps(payload).encode()
    return cloudevents.decode(headers, DOCUMENT["defaultContentType"], body, datetime(2026, 11, 23, tzinfo=UTC))


def test_the_same_contracts_make_the_same_bytes() -> None:
    program = "from processes.messaging.asyncapi import document; import json; print(json.dumps(document('1.2.3')))"
    root = Path(__file__).parents[3]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "America/Lima"}
        said = subprocess.run(
            [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == json.dumps(DOCUMENT)


def test_every_contract_and_every_topic_is_in_it() -> None:
    names = {each["name"] for each in DOCUMENT["components"]["messages"].values()}
    types = {type_.replace("*", "{channel}") for type_, _ in CONTRACTS}
    assert names == types | set(CATALOGUE) | set(EVENTS) | {"signal.{name}"}
    for type_ in EVENTS:
        assert DOCUMENT["operations"][f"send.{type_}"]["action"] == "send"
    for topic in CATALOGUE:
        sent = DOCUMENT["operations"][f"send.{topic}"]
        assert sent["action"] == "send"
        replies = at(DOCUMENT, sent["reply"]["channel"])["messages"].values()
        answers = ANSWERS if CATALOGUE[topic].errors else ANSWERS - {"job.error"}
        assert {at(DOCUMENT, each)["name"] for each in replies} == answers
        assert DOCUMENT["operations"][f"send.{topic}.urgent"]["reply"] == sent["reply"]
    for type_, version in CONTRACTS:
        assert DOCUMENT["operations"][f"receive.{type_.removeprefix('*.')}.v{version}"]["action"] == "receive"


def test_only_what_partners_may_not_send_is_marked_so() -> None:
    marked = {each["name"] for each in DOCUMENT["components"]["messages"].values() if each.get("x-internal")}
    assert marked == {each.type for each in CONTRACTS.values() if each.internal and each.kind is not Kind.JOB}


def test_versions_stand_side_by_side_and_only_the_first_goes_without_saying() -> None:
    first = CONTRACTS["rating.given", "1"]
    both = document("1.2.3", [first, replace(first, version="2")], [], [])
    messages = both["channels"]["rating.given"]["messages"]
    assert list(messages) == ["rating.given.v1", "rating.given.v2"]
    first_headers, second_headers = (at(both, each)["headers"] for each in messages.values())
    assert "ce-contractversion" not in first_headers["required"]
    assert "ce-contractversion" in second_headers["required"]
    assert not fits(second_headers, at(both, messages["rating.given.v1"])["examples"][0]["headers"])


def test_every_parameter_of_an_address_is_explained() -> None:
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"] or "")) == set(channel.get("parameters", {}))


# ---- the examples ------------------------------------------------------------------------------------------------------


@ALL
def test_each_example_fits_its_message_and_no_other_of_its_channel(example: Example) -> None:
    for schema in (example.message["headers"], example.message["payload"]):
        Draft7Validator.check_schema(schema)
    on = channels_of(DOCUMENT, example.key)
    assert on
    for channel in on:
        listed = [at(DOCUMENT, each) for each in channel["messages"].values()]
        fitting = [each for each in listed if fits_message(each, example.headers, example.payload)]
        assert fitting == [example.message]


@ALL_RECEIVED
def test_each_example_is_published_with_a_routing_key_of_its_channel(example: Example) -> None:
    for channel in channels_of(DOCUMENT, example.key):
        pattern = re.sub(r"\\\{\w+\\\}", "[^.]+", re.escape(channel["address"]))
        assert re.fullmatch(pattern, example.routing_key)


@ALL_RECEIVED
def test_each_example_is_taken(example: Example) -> None:
    message = received(example.headers, example.payload)
    assert message.type == example.headers["ce-type"]
    assert isinstance(parse(message), incoming.Incoming)


@ALL_RECEIVED
def test_each_example_is_refused_without_a_header_that_is_required(example: Example) -> None:
    for name in example.message["headers"]["required"]:
        if name == "ce-contractversion":
            continue  # without it, it is a message of the first version
        without = {key: value for key, value in example.headers.items() if key != name}
        assert not fits(example.message["headers"], without)
        with pytest.raises((cloudevents.NotACloudEvent, ContractViolation)):
            parse(received(without, example.payload))


@ALL_RECEIVED
def test_each_example_is_taken_without_what_is_not_required(example: Example) -> None:
    schema = example.message["headers"]
    least = {name: value for name, value in example.headers.items() if name in schema["required"]}
    parse(received(least, example.payload))


@ALL_RECEIVED
def test_each_example_is_refused_without_a_field_that_is_required(example: Example) -> None:
    """A result and an error's code are asked for by topic: whoever checks these does it for :func:`test_a_result_is_held…`."""
    if example.key.startswith("jobs.") and example.key.endswith(".completed"):
        return
    ways = [(name,) for name in example.message["payload"]["required"]]
    ways += [tuple({name for each in example.message["payload"].get("anyOf", ()) for name in each["required"]})]
    for way in filter(None, ways):
        without = {key: value for key, value in example.payload.items() if key not in way}
        assert not fits(example.message["payload"], without)
        with pytest.raises(ContractViolation):
            parse(received(example.headers, without))


@ALL_JOBS
def test_a_result_is_held_against_what_the_document_says_of_it(kind: JobKind) -> None:
    example = EXAMPLES[f"jobs.{kind.topic}.completed"]
    schema = example.message["payload"]["properties"]["result"]
    kind.check_result(example.payload["result"])
    assert schema["required"] or kind.own_errors, "only where the diagram says what the result is, nothing is asked for"
    assert not fits(example.message["payload"], {})
    for name in schema["required"]:
        without = {key: value for key, value in example.payload["result"].items() if key != name}
        assert not fits(example.message["payload"], {"result": without})
        with pytest.raises(BihuanError):
            kind.check_result(without)


# ---- what fits the document is what the code takes -----------------------------------------------------------------------

ABSENT = object()
VALUES = (ABSENT, None, "", " ", "x", "1", 0, 1, -1, 2.5, True, False, [], {}, ["x"], {"x": 1}, "2026-11-23T09:30:00")

BEYOND = ("长" * 1_000_001, 10**9, -(10**9))
"""beyond every limit there is: what finds a limit that the schema has forgotten"""


def values_for(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Values at and beyond the limits that a field's schema names."""
    yield from VALUES
    yield "2026-11-23T09:30:00+08:00"
    yield from BEYOND
    if "maxLength" in schema:
        yield "长" * schema["maxLength"]
        yield "长" * (schema["maxLength"] + 1)
    for limit in ("minimum", "maximum"):
        if limit in schema:
            yield from (schema[limit] - 1, schema[limit], schema[limit] + 1)
    yield from schema.get("enum", ())


def differences(schema: Mapping[str, Any], example: Mapping[str, Any], taken: Callable[[Any], bool]) -> list[Any]:
    """Where the document and the code do not agree, one changed field at a time."""
    found = []
    for name, field in {**schema["properties"], "unheard_of": {}}.items():
        for value in values_for(field):
            changed = {key: each for key, each in {**example, name: value}.items() if each is not ABSENT}
            if fits(dict(schema), changed) != taken(changed):
                found.append((name, str(value)[:40]))
    return found


@ALL_CONTRACTS
def test_a_message_fits_its_schema_exactly_when_it_is_taken(contract: Contract) -> None:
    example = contract.example_message()
    # An escalation's place may stand in an extension: the schema of the payload alone does not ask for it.
    example = replace(example, extensions={**example.extensions, "place": "330500"})

    def taken(data: Any) -> bool:
        try:
            parse(replace(example, data=data))
        except ContractViolation:
            return False
        return True

    assert differences(json_schema.of(contract.schema), contract.example, taken) == []


@ALL_JOBS
def test_arguments_fit_their_schema_exactly_when_they_are_taken(kind: JobKind) -> None:
    def taken(check: Callable[[Mapping[str, Any]], None], data: Any) -> bool:
        try:
            check(data)
        except BihuanError:
            return False
        return True

    arguments, result = json_schema.of(kind.arguments), json_schema.of(kind.result)
    assert differences(arguments, kind.example, lambda data: taken(kind.check_arguments, data)) == []
    assert differences(result, kind.example_result, lambda data: taken(kind.check_result, data)) == []


def test_a_document_is_json() -> None:
    assert json.loads(to_json(DOCUMENT)) == DOCUMENT

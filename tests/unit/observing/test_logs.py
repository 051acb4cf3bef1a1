"""Log lines: what they say, and what they never say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from processes.errors import BihuanError
from processes.observing import here, logs
from processes.orchestrator import Orchestrator
from tests.diagrams import definitions, end, path, process, script, start

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PERSON = "王明 13812345678"

log = logging.getLogger("bihuan.test")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Whatever is logged while the test runs; the log is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(error: Exception) -> None:
    """Log an exception, with its cause, as the engine does."""
    try:
        secret = PERSON
        raise error from ValueError(secret)
    except Exception:
        log.exception("it failed")


def test_a_json_line_says_which_command_case_and_trace_it_is_about(stream: io.StringIO) -> None:
    logs.set_up({"LOG_FORMAT": "json", "LOG": "info"}, stream)
    with here.door(TRACEPARENT, "hotline") as place:
        place.command, place.kind = "report:1", "Start"
        here.note(instance="i-1", case="c-1")
        log.info("done in %s ms", 3)
    log.info("outside")

    first, second = lines(stream)
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "INFO",
        "logger": "bihuan.test",
        "message": "done in 3 ms",
        "command": "report:1",
        "kind": "Start",
        "instance": "i-1",
        "case": "c-1",
        "partner": "hotline",
        "trace": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    assert second.keys() == {"time", "level", "logger", "message"}


def test_a_text_line_has_the_ids_in_short_form(stream: io.StringIO) -> None:
    logs.set_up({}, stream)
    with here.door(TRACEPARENT) as place:
        place.command, place.kind = "complete:0123456789abcdef", "CompleteTask"
        log.warning("begun anew")
    log.warning("outside")
    log.info("below the level")

    first, second = stream.getvalue().splitlines()
    assert first.endswith("WARNING bihuan.test begun anew [CompleteTask command=89abcdef trace=4bf92f35]")
    assert second.endswith("WARNING bihuan.test outside")


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_words_of_a_foreign_exception_are_not_written(stream: io.StringIO, form: str) -> None:
    logs.set_up({"LOG_FORMAT": form}, stream)
    fail(KeyError(PERSON))

    written = stream.getvalue()
    assert PERSON not in written
    assert "KeyError" in written
    assert "test_logs.py" in written


def test_an_incident_is_logged_without_the_value_that_caused_it(stream: io.StringIO) -> None:
    engine = Orchestrator()
    steps = (start(), script("convert", "n = int(name)"), end(), path("start", "convert", "end"))
    engine.deploy({"a.bpmn": definitions(process("p", *steps))})
    logs.set_up({"LOG_FORMAT": "json", "LOG": "INFO"}, stream)

    engine.start("p", {"name": PERSON})

    told = [line for line in lines(stream) if line["logger"] == "processes.runtime.engine"]
    assert len(told) == 1
    assert told[0]["message"].endswith("at convert")
    assert PERSON not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_words_of_our_own_errors_and_of_connections_are_written(stream: io.StringIO, form: str) -> None:
    logs.set_up({"LOG_FORMAT": form}, stream)
    fail(BihuanError("该流程已暂停", "instance i-1 is suspended"))
    fail(ConnectionRefusedError("connection to 10.0.0.7 refused"))

    written = stream.getvalue()
    assert "instance i-1 is suspended" in written
    assert "10.0.0.7 refused" in written


def test_a_json_line_keeps_the_stack_beside_the_message(stream: io.StringIO) -> None:
    logs.set_up({"LOG_FORMAT": "json"}, stream)
    fail(KeyError("x"))

    (line,) = lines(stream)
    assert (line["message"], line["error"]) == ("it failed", "KeyError")
    assert [place.rpartition(" ")[2] for place in line["stack"]] == ["fail"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_strangers_id_can_neither_begin_a_line_nor_spoil_one(stream: io.StringIO, form: str) -> None:
    logs.set_up({"LOG_FORMAT": form}, stream)
    log.warning("message %s", "m-1\r\n2026-01-01 ERROR forged \ud800")
    assert len(stream.getvalue().splitlines()) == 1
    assert "forged" in stream.getvalue()


def test_an_unknown_level_is_told(stream: io.StringIO) -> None:
    with pytest.raises(BihuanError, match="没有日志级别 LOUD"):
        logs.set_up({"LOG": "loud"}, stream)


def test_developers_may_read_all_words(stream: io.StringIO) -> None:
    logs.set_up({"LOG": "debug"}, stream)
    fail(KeyError("the name of a key"))
    assert "the name of a key" in stream.getvalue()

"""Log lines that say which command, case and trace they are about: as text for people, as JSON for machines (``LOG_FORMAT=json``).

Lines never hold what people wrote. The words of an exception may repeat what it failed on, so only the words of our own errors
and of the network's and the database's connections are written; of any other exception its kind and where it was raised.
``LOG=DEBUG`` writes all words: for development, never with real cases.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import orjson

from processes.errors import BihuanError
from processes.observing import here

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_FRAMES = 25
"""Lines of a stack that are kept, the innermost: a recursion has a thousand."""

_HARMLESS = frozenset({"OperationalError", "InterfaceError", "AMQPConnectionError", "AMQPHeartbeatTimeout", "NotSent"})
"""Exceptions of other packages whose words are about connections, by name: this layer knows neither driver nor broker."""

_LONGEST = 300
"""Characters of an exception's words."""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_SHORT = 8
"""Characters of an id in a text line: enough to find its fellows."""


def set_up(environment: Mapping[str, str], stream: TextIO | None = None) -> None:
    """Write the log to ``stream`` (the standard error stream): from the level in ``LOG`` on, in the form of ``LOG_FORMAT``.

    :raises BihuanError: when there is no such level
    """
    level = (environment.get("LOG") or "WARNING").upper()
    if level not in _LEVELS:
        raise BihuanError(f"没有日志级别 {level}；LOG 可以是 {'、'.join(_LEVELS)}", f"no log level {level}")
    form = JsonForm if environment.get("LOG_FORMAT") == "json" else TextForm
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(form(all_words=level == "DEBUG"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty, lowest in (("pika", logging.WARNING),):
        logging.getLogger(chatty).setLevel(lowest)


class JsonForm(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what is known of the work (see :mod:`.here`), error and stack."""

    def __init__(self, all_words: bool = False) -> None:
        super().__init__()
        self._all_words = all_words

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": _line(record),
            **here.known(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = error_of(record.exc_info[1], self._all_words)
            line["stack"] = list(frames(record.exc_info))
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


class TextForm(logging.Formatter):
    """A line for people; ids in short form, the stack on lines of its own."""

    def __init__(self, all_words: bool = False) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._all_words = all_words

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _line(record).replace("\n", "\\n").replace("\r", "\\r")
        known = here.known()
        if not known:
            return super().formatMessage(record)
        ids = " ".join(f"{name}={_short(name, value)}" for name, value in known.items() if name != "kind")
        kind = f"{known['kind']} " if "kind" in known else ""
        return f"{super().formatMessage(record)} [{kind}{ids}]"

    def formatException(self, info: Any) -> str:
        return "\n".join([*(f"  {frame}" for frame in frames(info)), error_of(info[1], self._all_words)])


def _line(record: logging.LogRecord) -> str:
    """The message, of which ids and types of strangers are part: whatever is in them, it is one line of valid text."""
    return record.getMessage().encode("utf-8", "backslashreplace").decode()


def _short(name: str, value: str) -> str:
    return value if name == "partner" else value[-_SHORT:] if name == "command" else value[:_SHORT]


def error_of(error: BaseException, all_words: bool = False) -> str:
    """An exception's kind, and its words where they can't be a person's."""
    kind = type(error).__name__
    if isinstance(error, BihuanError):
        words = error.en
    elif all_words or isinstance(error, OSError) or kind in _HARMLESS:
        words = str(error)
    else:
        words = ""
    return f"{kind}: {words[:_LONGEST]}" if words else kind


def frames(info: ExcInfo) -> Iterator[str]:
    """Where an exception was raised, the innermost last: file, line and function, without the values in them."""
    for frame in traceback.extract_tb(info[2])[-_FRAMES:]:
        yield f"{frame.filename}:{frame.lineno} {frame.name}"

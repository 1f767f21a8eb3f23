"""Structured logs, one JSON object a line on stderr. A key that is not listed here never reaches the log.

The list is the review: to log something new, add its key here and say to yourself whether it could hold a word of a
call, a name, an address or a secret. If so, it may not be logged.
"""

import logging
import sys
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

KEYS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "at",  # file and line in our code
        "call_id",
        "code",  # stable code of a refusal
        "count",
        "dropped",  # names of keys that were refused
        "error",  # name of an exception's class, never its message
        "host",  # name of one of our machines
        "media_worker",
        "method",
        "port",
        "process",
        "reason",  # one of our own sentences
        "seconds",
        "state",
    }
)

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def keep_listed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every key that is not listed, and name those dropped (a key's name is ours and safe)."""
    unlisted = sorted(set(event) - KEYS)
    kept: dict[str, Any] = {key: value for key, value in event.items() if key in KEYS}
    if unlisted:
        kept["dropped"] = unlisted
    return kept


def set_up() -> None:
    """Once, at start. Libraries' loggers get no handler of ours: what they say is not under the list."""
    logging.basicConfig(handlers=[logging.NullHandler()], level=logging.CRITICAL, force=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_listed,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def code_place(error: BaseException) -> str:
    """Where an exception was raised: file name, line and function, from the outermost to the innermost of our files."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " > ".join(places[-4:])

"""Structured logs: one JSON object per line on stderr, without secrets and personal data.

What could tell who somebody is stays out: addresses of clients, query strings, the texts of
unforeseen exceptions (a database puts values into them). Links' tokens are masked.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from longwave.domain.errors import LongwaveError

_TOKEN_IN_PATH = re.compile(r"(/l/)[^/\s?#\"']+")
_BEARER = re.compile(r"(?i)(bearer\s+)\S+")
_ADDRESS = re.compile(r"[^\s@<>\"'=:,;]+@[^\s@<>\"',;]+")
_MASK = "***"
_ACCESS = "uvicorn.access"
_FRAMES = 12


def mask(text: str) -> str:
    """Return ``text`` with tokens and e-mail addresses replaced."""
    text = _TOKEN_IN_PATH.sub(rf"\g<1>{_MASK}", text)
    text = _BEARER.sub(rf"\g<1>{_MASK}", text)
    return _ADDRESS.sub(_MASK, text)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: at, level, logger, message, and what ``extra`` adds.

    Extra values go under ``data``: ``logger.info("tick", extra={"data": {"opened": 3}})``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name == _ACCESS and isinstance(record.args, tuple) and len(record.args) == 5:
            line |= _request(record.args)
        else:
            line["message"] = record.getMessage()
        data = getattr(record, "data", None)
        if isinstance(data, dict):
            line["data"] = data
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error(record.exc_info[1], record.exc_info[2])
        return json.dumps(_masked(line), ensure_ascii=False)


def uvicorn_config(level: str) -> dict[str, Any]:
    """Return the logging configuration; also for uvicorn's ``log_config``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {
            "uvicorn": {"level": level.upper(), "handlers": [], "propagate": True},
            "uvicorn.error": {"level": level.upper(), "handlers": [], "propagate": True},
            _ACCESS: {"level": level.upper(), "handlers": [], "propagate": True},
            "alembic": {"level": "WARNING"},
            "apscheduler": {"level": "ERROR"},  # it warns whenever one run outlasts an interval
            "httpx": {"level": "WARNING"},
        },
    }


def configure(level: str = "INFO") -> None:
    """Send the logs of this process to stderr as lines of JSON."""
    logging.config.dictConfig(uvicorn_config(level))


def _masked(value: object) -> object:
    """Return a value for JSON with every text in it masked; other objects become text."""
    if isinstance(value, dict):
        return {str(key): _masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return mask(str(value))


def _request(args: tuple[Any, ...]) -> dict[str, Any]:
    _client, method, path, _version, status = args
    return {
        "message": "request",
        "method": method,
        "path": str(path).partition("?")[0],
        "status": status,
    }


def _error(error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    described: dict[str, Any] = {
        "kind": type(error).__name__,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, LongwaveError):
        described |= {"message": error.message, "remedy": error.remedy}
    if error.__cause__ is not None:
        described["cause"] = type(error.__cause__).__name__
    return described

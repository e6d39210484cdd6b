"""Logs are lines of JSON in which nobody can be recognised and no link can be followed."""

from __future__ import annotations

import json
import logging
import logging.config

import pytest

from longwave import log
from longwave.domain.errors import LongwaveError

TOKEN = "Xy_9-Zq0" * 4


def line_of(message, *args, error=None, name="longwave.test", **more):
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(name, logging.INFO, "file.py", 1, message, args, info)
    record.__dict__.update(more)
    return json.loads(log.JsonFormatter().format(record))


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_a_line_says_when_how_bad_where_and_what():
    line = line_of("opened %d waves", 3, data={"opened": 3})
    assert line["message"] == "opened 3 waves"
    assert (line["level"], line["logger"], line["data"]) == ("info", "longwave.test", {"opened": 3})
    assert line["at"].endswith("+00:00")


def test_a_line_is_one_line():
    record = logging.LogRecord("x", logging.INFO, "", 1, "two\nlines", (), None)
    assert "\n" not in log.JsonFormatter().format(record)


@pytest.mark.parametrize(
    "text",
    [
        f"GET /l/{TOKEN} 200",
        f"https://study.example/l/{TOKEN}?lang=tr",
        f"POST /l/{TOKEN}/leave",
        f"Authorization: Bearer {TOKEN}",
        f"authorization: bearer {TOKEN}",
    ],
)
def test_tokens_are_masked_wherever_they_appear(text):
    assert TOKEN not in json.dumps(line_of(text))
    assert TOKEN not in json.dumps(line_of("%s", text))
    assert TOKEN not in json.dumps(line_of("x", data={"path": text}))
    assert "***" in log.mask(text)


def test_addresses_are_masked():
    line = line_of("bounced: Ada <ada.example@clinic.example>", data={"to": "ada@clinic.example"})
    assert "clinic.example" not in json.dumps(line)


def test_a_request_is_logged_without_client_query_and_token():
    args = ("198.51.100.7:4711", "GET", f"/l/{TOKEN}?lang=tr", "1.1", 200)
    line = line_of('%s - "%s %s HTTP/%s" %d', *args, name="uvicorn.access")
    assert (line["method"], line["path"]) == ("GET", "/l/***")
    assert line["status"] == 200
    for secret in (TOKEN, "198.51.100.7", "lang"):
        assert secret not in json.dumps(line)


def test_an_unforeseen_error_tells_its_place_but_not_its_words():
    line = line_of("failed", error=raised(ValueError("value 'Ada Example' is too long")))
    assert line["error"]["kind"] == "ValueError"
    assert any("test_log.py" in frame for frame in line["error"]["frames"])
    assert "Ada" not in json.dumps(line)


def test_a_foreseen_error_tells_what_to_do():
    line = line_of("failed", error=raised(LongwaveError("The list is full.", "Extend it.")))
    assert line["error"]["message"] == "The list is full."
    assert line["error"]["remedy"] == "Extend it."


def test_logs_go_to_stderr_from_the_level_on(capsys):
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        log.configure("warning")
        logging.getLogger("longwave.somewhere").info("quiet")
        logging.getLogger("uvicorn.access").warning(
            '%s - "%s %s HTTP/%s" %d', "192.0.2.1:1", "GET", f"/l/{TOKEN}", "1.1", 404
        )
        out, err = capsys.readouterr()
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert out == ""
    (line,) = err.splitlines()
    assert json.loads(line)["path"] == "/l/***"


def test_uvicorn_accepts_the_configuration():
    import uvicorn

    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    try:
        uvicorn.Config("x:y", log_config=log.uvicorn_config("INFO"))
        assert logging.getLogger("uvicorn.access").handlers == []
        assert logging.getLogger("uvicorn.access").propagate
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)

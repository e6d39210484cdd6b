"""``longwave protocol preview``: what messages will say, before anybody gets one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from factories.broken import SMALL
from typer.testing import CliRunner

from longwave import resources
from longwave.cli import protocol as command

EXAMPLE = resources.protocols_directory() / "msc_burnout_rct"
LANGUAGES = ("en", "tr", "ar")
ENDINGS = tuple(f".{code}" for code in LANGUAGES)


def preview(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(command.app, ["preview", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def names(output: str) -> list[str]:
    """Return the names of the messages that were shown."""
    return [line for line in output.splitlines() if line.endswith(ENDINGS)]


def test_every_message_is_shown_in_every_language() -> None:
    code, output = preview(EXAMPLE)
    assert code == 0
    assert names(output) == [
        f"{name}.{language}"
        for language in LANGUAGES
        for name in (
            "invitation.w0",
            "invitation.w1",
            "reminder-1",
            "reminder-2",
            "consent_copy",
        )
    ]
    assert output.count("/l/EXAMPLE") == 2 * 4 * 3  # in the mail and in the SMS


def test_lengths_and_parts_are_counted() -> None:
    _, output = preview(EXAMPLE, "--kind", "invitation")
    assert "Your next questionnaire is ready (32 characters)" in output
    assert "1 part in GSM-7" in output  # English
    assert "3 parts in UCS-2" in output  # ş and ı are beyond the alphabet
    assert output.count("an entry goes along") == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--language", "tr", "--kind", "reminder"], ["reminder-1.tr", "reminder-2.tr"]),
        (["--kind", "consent_copy"], ["consent_copy.en", "consent_copy.tr", "consent_copy.ar"]),
    ],
)
def test_a_language_or_a_kind_alone(options: list[str], expected: list[str]) -> None:
    assert names(preview(EXAMPLE, *options)[1]) == expected


def test_without_texts_of_its_own_a_protocol_shows_those_of_longwave() -> None:
    code, output = preview(SMALL, "--kind", "invitation")
    assert code == 0
    assert names(output) == ["invitation.en", "invitation.tr"]
    assert "waves     w0, w1, w2" in output


def test_files_are_written_in_every_form(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "messages"
    code, output = preview(EXAMPLE, "--language", "en", "--out", folder)
    assert code == 0
    assert "/l/EXAMPLE" not in output
    written = {path.name for path in folder.iterdir()}
    forms = {
        f"{name}.en{form}"
        for name in ("invitation.w0", "invitation.w1", "reminder-1", "reminder-2")
        for form in (".txt", ".html", ".sms.txt")
    }
    assert written == forms | {"invitation.w1.en.ics", "consent_copy.en.txt"}
    html = (folder / "invitation.w0.en.html").read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>") and "/l/EXAMPLE" in html
    assert (folder / "invitation.w1.en.ics").read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--language", "de"], "There is no language 'de' here."),
        (["--kind", "letter"], "There is no kind of message 'letter' here."),
        (["--out", EXAMPLE / "protocol.yaml"], "cannot be written"),
    ],
)
def test_what_cannot_be_shown_is_told(options: list[object], message: str) -> None:
    code, output = preview(EXAMPLE, *options)
    assert code == 1
    assert message in output


def test_a_fault_is_told_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(EXAMPLE, folder)
    file = folder / "texts" / "messages" / "reminder.en.md"
    file.write_text(file.read_text("utf-8").replace("{{ minutes }}", "{{ minute }}"), "utf-8")
    code, output = preview(folder)
    assert code == 1
    assert "texts/messages/reminder.en.md:6" in output and "'minute' does not exist" in output

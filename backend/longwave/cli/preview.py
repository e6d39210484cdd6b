"""``longwave protocol preview``: each message as its reader would get it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from longwave import resources
from longwave.cli.edge import out, told_plainly
from longwave.clock import system_clock
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol import Protocol, read_protocol
from longwave.domain.sms import sms_parts
from longwave.services.preview import PREVIEWED, Preview, previews

_MADE_UP = "Link, name and dates are made up."


def preview_command(
    path: Annotated[Path, typer.Argument(help="The folder of the protocol, or its protocol.yaml.")],
    language: Annotated[
        str | None, typer.Option(help="This language alone; all if not given.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="invitation, reminder or consent_copy alone; all if not given."),
    ] = None,
    out_to: Annotated[
        Path | None, typer.Option("--out", help="Write them into this folder, HTML included.")
    ] = None,
) -> None:
    """Show each message of a protocol in each language, as mail and as SMS."""
    with told_plainly():
        protocol = read_protocol(resources.protocol_files(path))
        _check(language, protocol.study.languages, "language")
        _check(kind, [str(known) for known in PREVIEWED], "kind of message")
        found = [
            preview
            for preview in previews(protocol, now=_morning(protocol))
            if language in (None, preview.language) and kind in (None, preview.kind)
        ]
        if out_to is not None:
            _write(out_to, found)
    for preview in found:
        _print(preview, whole=out_to is None)
    out.print(Text(_MADE_UP))


def _check(chosen: str | None, known: Iterable[str], what: str) -> None:
    if chosen is not None and chosen not in known:
        raise InvalidInputError(
            f"There is no {what} {chosen!r} here.", f"Write one of {', '.join(known)}."
        )


def _morning(protocol: Protocol) -> datetime:
    """Return nine o'clock of this day, where the study is."""
    now = system_clock().astimezone(ZoneInfo(protocol.study.timezone))
    return now.replace(hour=9, minute=0, second=0, microsecond=0)


def _print(preview: Preview, *, whole: bool) -> None:
    out.print(Text(preview.name, style="bold"), soft_wrap=True)
    for name, value in _facts(preview):
        out.print(Text(f"{name:<10}{value}"), soft_wrap=True)
    if whole:
        out.print()
        out.print(Text(_indented(preview.text.body)), soft_wrap=True)
        if preview.sms is not None:
            out.print(Text("As an SMS:\n"))
            out.print(Text(_indented(preview.sms)), soft_wrap=True)
    out.print()


def _facts(preview: Preview) -> Iterator[tuple[str, str]]:
    if preview.waves:
        yield "waves", ", ".join(preview.waves)
    yield "subject", f"{preview.text.subject} ({len(preview.text.subject)} characters)"
    if preview.sms is not None:
        parts = sms_parts(preview.sms)
        many = "1 part" if parts.parts == 1 else f"{parts.parts} parts"
        yield "SMS", f"{len(preview.sms)} characters, {many} in {parts.encoding}"
    if preview.calendar is not None:
        yield "calendar", "an entry goes along"


def _indented(text: str) -> str:
    return "".join(f"    {line}".rstrip() + "\n" for line in text.splitlines())


def _write(folder: Path, found: Iterable[Preview]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for preview in found:
            for ending, content in _files(preview):
                (folder / f"{preview.name}{ending}").write_bytes(content)
    except OSError as error:
        raise InvalidInputError(
            f"The messages cannot be written to {folder}: {error.strerror}.", "Name another folder."
        ) from None


def _files(preview: Preview) -> Iterator[tuple[str, bytes]]:
    text = preview.text
    yield ".txt", f"Subject: {text.subject}\n\n{text.body}".encode()
    if text.html is not None:
        yield ".html", text.html.encode()
    if preview.sms is not None:
        yield ".sms.txt", f"{preview.sms}\n".encode()
    if preview.calendar is not None:
        yield ".ics", preview.calendar

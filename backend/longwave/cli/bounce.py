"""``longwave bounce``: takes mail that came back, from a mail server's pipe.

Its exit codes are those that mail servers know (sysexits): with 0 the mail is done with, with 75
the server keeps it and tries again. Nothing else is ever returned for a mail, since a server would
answer it with one more mail.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from longwave.cli.edge import err, out
from longwave.clock import system_clock
from longwave.config import load_settings
from longwave.domain.errors import LongwaveError
from longwave.notify.email.dsn import LARGEST, Ignored, read_report
from longwave.services import bounces
from longwave.storage.database import Database

_NO_INPUT = 66
_TRY_AGAIN = 75


def bounce(
    file: Annotated[str, typer.Argument(help="The mail as it came; - for standard input.")] = "-",
    sent_to: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address at which it arrived.")
    ] = "",
) -> None:
    """Take a mail that came back; what is no report on a message of ours is ignored."""
    report = read_report(_content(file), sent_to)
    if isinstance(report, Ignored):
        out.print(f"Ignored. {report.why}", markup=False)
        return
    try:
        database = Database(load_settings().database_url)
        try:
            with database.writing() as session:
                known = bounces.receive(
                    session,
                    report.message_ids,
                    report.kind,
                    report.status,
                    source="mailbox",
                    allowed=lambda _study, _site: True,
                    now=system_clock(),
                )
        finally:
            database.close()
    except Exception as error:
        # Whatever it is, the mail must neither be lost nor answered.
        told = error.message if isinstance(error, LongwaveError) else type(error).__name__
        err.print(f"Try again later: {told}", markup=False, soft_wrap=True)
        raise typer.Exit(_TRY_AGAIN) from None
    if known:
        out.print(f"Taken: {report.kind} ({report.status}).", markup=False)
    else:
        out.print(f"Ignored. {bounces.NOT_OURS}", markup=False)


def _content(file: str) -> bytes:
    """Return the beginning of a mail; the rest is read as well, or the server's pipe breaks."""
    if file == "-":
        content = sys.stdin.buffer.read(LARGEST)
        while sys.stdin.buffer.read(LARGEST):
            pass
        return content
    try:
        with Path(file).open("rb") as mail:
            return mail.read(LARGEST)
    except OSError as error:
        err.print(f"{file} cannot be read: {error.strerror}.", markup=False, soft_wrap=True)
        raise typer.Exit(_NO_INPUT) from None

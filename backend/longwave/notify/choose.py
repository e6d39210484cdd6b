"""Which transport for mail the settings ask for."""

from __future__ import annotations

from pathlib import Path

from longwave.notify.base import Transport
from longwave.notify.console import ConsoleTransport
from longwave.notify.email.smtp import SmtpTransport
from longwave.notify.folder import FolderTransport


def transport_for(
    *, smtp_url: str | None, directory: Path | None, sender: str, is_caught: bool
) -> Transport:
    """Return SMTP if there is a server, else a folder if there is one, else the console.

    ``is_caught`` says that the SMTP server is a mail catcher.
    """
    if smtp_url:
        return SmtpTransport(smtp_url, sender, is_caught=is_caught)
    if directory:
        return FolderTransport(directory, sender)
    return ConsoleTransport()

"""Which transport the settings ask for."""

from __future__ import annotations

from pathlib import Path

from longwave.notify.base import Transport
from longwave.notify.console import ConsoleTransport
from longwave.notify.folder import FolderTransport
from longwave.notify.smtp import SmtpTransport


def transport_for(*, smtp_url: str | None, directory: Path | None, sender: str) -> Transport:
    """Return SMTP if there is a server, else a folder if there is one, else the console."""
    if smtp_url:
        return SmtpTransport(smtp_url, sender)
    if directory:
        return FolderTransport(directory, sender)
    return ConsoleTransport()

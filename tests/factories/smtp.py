"""A real SMTP server that behaves, or misbehaves, as a test asks."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Mapping
from contextlib import contextmanager

from aiosmtpd.smtp import AuthResult

from longwave.rehearsal.catcher import FreePortController


class Server:
    """Keeps what it accepts. The answers are as given; ``at_data`` may be "drop".

    ``senders`` are the envelope senders of what it accepted. It takes ``delay`` seconds for each.
    """

    def __init__(
        self, at_sender: str = "250 OK", at_recipient: str = "250 OK", at_data: str = "250 OK"
    ) -> None:
        self.at_sender = at_sender
        self.at_recipient = at_recipient
        self.at_data = at_data
        self.mails = []
        self.senders = []
        self.connections = 0
        self.delay = 0.0
        self.url = ""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.at_sender.startswith("250"):
            envelope.mail_from = address
        return self.at_sender

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.delay)
        if self.at_data.startswith("250") or self.at_data == "drop":
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append(mail)
            self.senders.append(envelope.mail_from)
        if self.at_data == "drop":
            server.transport.close()
        return "250 OK" if self.at_data == "drop" else self.at_data


@contextmanager
def smtp_server(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    users: Mapping[str, str] | None = None,
    **answers: str,
):
    """Run a server for as long as the block lasts.

    ``tls`` and ``starttls`` are what it shows its certificate with; with ``users`` (name and
    password) it wants everybody to sign in, after STARTTLS.
    """
    handler = Server(**answers)
    options = {"ssl_context": tls, "tls_context": starttls, "require_starttls": bool(starttls)}
    if users is not None:
        options |= {
            "auth_required": True,
            "authenticator": lambda *said: AuthResult(
                success=users.get(said[-1].login.decode()) == said[-1].password.decode(),
                handled=False,
            ),
        }
    controller = FreePortController(handler, **options)
    controller.start()
    scheme = "smtps" if tls else "smtp+starttls" if starttls else "smtp"
    handler.url = controller.url.replace("smtp:", f"{scheme}:")
    try:
        yield handler
    finally:
        controller.stop()

"""A real SMTP server that behaves, or misbehaves, as a test asks."""

from __future__ import annotations

import email
import email.policy
from contextlib import contextmanager

from longwave.rehearsal.catcher import FreePortController


class Server:
    """Keeps what it accepts. ``at_recipient`` and ``at_data`` are answers, or "drop"."""

    def __init__(self, at_recipient: str = "250 OK", at_data: str = "250 OK") -> None:
        self.at_recipient = at_recipient
        self.at_data = at_data
        self.mails = []
        self.connections = 0
        self.url = ""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, server, session, envelope):
        if self.at_data.startswith("250") or self.at_data == "drop":
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append(mail)
        if self.at_data == "drop":
            server.transport.close()
        return "250 OK" if self.at_data == "drop" else self.at_data


@contextmanager
def smtp_server(**behaviour):
    """Run a server for as long as the block lasts."""
    handler = Server(**behaviour)
    controller = FreePortController(handler)
    controller.start()
    handler.url = controller.url
    try:
        yield handler
    finally:
        controller.stop()

"""E-mail over SMTP, one connection for many mails."""

from __future__ import annotations

import email.policy
import smtplib
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from longwave.domain.errors import ConfigurationError
from longwave.notify.base import Delivery, Mail, Outcome

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SECONDS = 30
_POLICY = email.policy.SMTP


class SmtpTransport:
    """Sends through the server at a URL such as ``smtp+starttls://user:password@host:587``.

    Parameters
    ----------
    is_caught
        Whether that server keeps what it takes, as a mail catcher does.
    """

    def __init__(self, url: str, sender: str, *, is_caught: bool = False) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ConfigurationError(
                "LONGWAVE_SMTP_URL cannot be used.",
                "Write smtp://host:port, smtp+starttls://user:password@host or smtps://...",
            )
        self._parts = parts
        self._sender = sender
        self._connection: smtplib.SMTP | None = None
        self.is_caught = is_caught

    def send(self, mail: Mail) -> Delivery:
        """Send one mail; see `Outcome` for what the answers mean."""
        content = mail.as_email(self._sender).as_bytes(policy=_POLICY)
        try:
            connection = self._ready()
            code, _ = connection.mail(self._sender)
            if code != 250:
                return replace(self._refused(code), server_trouble=True)
            code, _ = connection.rcpt(mail.recipient)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Delivery(Outcome.RETRY, type(error).__name__, server_trouble=True)
        if code not in (250, 251):
            return self._refused(code)
        return self._hand_over(connection, content)

    def _hand_over(self, connection: smtplib.SMTP, content: bytes) -> Delivery:
        try:
            code, _ = connection.data(content)
        except smtplib.SMTPDataError as error:
            return self._refused(error.smtp_code)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Delivery(Outcome.UNCERTAIN, type(error).__name__)
        return Delivery(Outcome.SENT) if code == 250 else self._refused(code)

    def close(self) -> None:
        """End the conversation."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def _refused(self, code: int) -> Delivery:
        self.close()
        outcome = Outcome.REFUSED if 500 <= code < 600 else Outcome.RETRY
        return Delivery(outcome, f"SMTP {code}")

    def _ready(self) -> smtplib.SMTP:
        if self._connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._connection.noop()[0] == 250:
                    return self._connection
            self.close()
        self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        host = self._parts.hostname or ""
        port = self._parts.port or _PORTS[self._parts.scheme]
        kind = smtplib.SMTP_SSL if self._parts.scheme == "smtps" else smtplib.SMTP
        connection = kind(host, port, timeout=_SECONDS)
        if self._parts.scheme == "smtp+starttls":
            connection.starttls()
        if self._parts.username:
            connection.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        else:
            connection.ehlo_or_helo_if_needed()
        return connection

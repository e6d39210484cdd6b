"""E-mail over SMTP, one connection for many mails."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from longwave.domain.bounce import ENHANCED
from longwave.domain.errors import ConfigurationError
from longwave.notify.base import Delivery, Letter, Mail, Outcome
from longwave.notify.email.verp import envelope_sender
from longwave.notify.email.writing import written

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SECONDS = 30
_LEADING_DOT = re.compile(rb"^\.", flags=re.MULTILINE)
_OK = 250
_GO_AHEAD = 354
_FORWARDED = 251
_SHUTTING_DOWN = 421
_SIGN_IN_FIRST = 530
_LOST = (OSError, smtplib.SMTPException)


class SmtpTransport:
    """Sends through the server at a URL such as ``smtp+starttls://user:password@host:587``.

    Threads that send at the same time have a connection each, which later mails use again. With
    ``smtp+starttls`` and ``smtps`` the server has to show a certificate for its host name that
    this machine trusts, or nothing is sent.

    Parameters
    ----------
    is_caught
        Whether that server keeps what it takes, as a mail catcher does.
    ca_file
        Certificates to trust besides those of this machine, in PEM.
    bounces_to
        Where to have undeliverable mail returned; see `longwave.notify.email.verp`.
    """

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        is_caught: bool = False,
        ca_file: Path | None = None,
        bounces_to: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ConfigurationError(
                "LONGWAVE_SMTP_URL cannot be used.",
                "Write smtp://host:port, smtp+starttls://user:password@host or smtps://...",
            )
        self._new_line = partial(_Line, parts, sender, bounces_to, _trusted(ca_file))
        self._idle: list[_Line] = []
        self.is_caught = is_caught

    def send(self, letter: Letter) -> Delivery:
        """Send one mail; see `Outcome` for what the answers mean."""
        if not isinstance(letter, Mail):
            raise TypeError("SMTP carries nothing but mail.")
        try:
            line = self._idle.pop()
        except IndexError:  # others use those that there are
            line = self._new_line()
        try:
            return line.send(letter)
        finally:
            self._idle.append(line)

    def trouble(self) -> str | None:
        """Connect and sign in, and say what is in the way."""
        return self._new_line().trouble()

    def close(self) -> None:
        """End every conversation."""
        while self._idle:
            self._idle.pop().close()


class _Line:
    """A connection to the server, made when it is needed, and anew when it was lost."""

    def __init__(
        self,
        parts: SplitResult,
        sender: str,
        bounces_to: str | None,
        trusted: ssl.SSLContext,
    ) -> None:
        self._parts = parts
        self._sender = sender
        self._address = parseaddr(sender)[1]
        self._bounces_to = bounces_to
        self._trusted = trusted
        self._connection: smtplib.SMTP | None = None

    def send(self, letter: Mail) -> Delivery:
        content = written(letter, self._sender)
        try:
            connection, code, said = self._begin(letter)
            if code != _OK:
                return self._trouble_with(code, said)
            code, said = connection.rcpt(letter.recipient)
            if code not in (_OK, _FORWARDED):
                return self._refused_recipient(connection, code, said)
            code, said = connection.docmd("DATA")
        except UnicodeEncodeError:
            self.close()
            return Delivery(Outcome.REFUSED, "The address holds letters that no server takes.")
        except _LOST as error:
            self.close()
            return Delivery(Outcome.RETRY, _told(error), server_trouble=True)
        if code != _GO_AHEAD:
            return self._refused(code)
        return self._hand_over(connection, content)

    def trouble(self) -> str | None:
        try:
            self._ready()
        except _LOST as error:
            return _told(error)
        finally:
            self.close()
        return None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_LOST):
                connection.quit()

    def _begin(self, mail: Mail) -> tuple[smtplib.SMTP, int, bytes]:
        """Name the sender, on the connection that there is, or on a new one if it was lost."""
        sender = envelope_sender(self._bounces_to, mail.message_id) or self._address
        if self._connection is not None:
            with suppress(*_LOST):
                code, said = self._connection.mail(sender)
                if code != _SHUTTING_DOWN:
                    return self._connection, code, said
            self.close()
        connection = self._ready()
        return connection, *connection.mail(sender)

    def _hand_over(self, connection: smtplib.SMTP, content: bytes) -> Delivery:
        body = _LEADING_DOT.sub(b"..", content)
        end = b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            connection.send(body + end)
            code, _ = connection.getreply()
        except _LOST as error:
            self.close()
            return Delivery(Outcome.UNCERTAIN, _told(error))
        return Delivery(Outcome.SENT) if code == _OK else self._refused(code)

    def _trouble_with(self, code: int, said: bytes) -> Delivery:
        """Tell of a server that takes nothing from us; the mail itself may go another time."""
        self.close()
        status = _enhanced(said)
        detail = f"SMTP {code}{f' {status}' if status else ''} to the sender"
        return Delivery(Outcome.RETRY, detail, server_trouble=True)

    def _refused_recipient(self, connection: smtplib.SMTP, code: int, said: bytes) -> Delivery:
        if code in (_SHUTTING_DOWN, _SIGN_IN_FIRST):
            return self._trouble_with(code, said)
        with suppress(*_LOST):
            connection.rset()
        status = _enhanced(said)
        detail = f"SMTP {code}{f' {status}' if status else ''}"
        if code < 500:
            return Delivery(Outcome.RETRY, detail)
        return Delivery(Outcome.REFUSED, detail, bounce=status or str(code))

    def _refused(self, code: int) -> Delivery:
        self.close()
        outcome = Outcome.REFUSED if 500 <= code < 600 else Outcome.RETRY
        return Delivery(outcome, f"SMTP {code}", server_trouble=code == _SHUTTING_DOWN)

    def _ready(self) -> smtplib.SMTP:
        host = self._parts.hostname or ""
        port = self._parts.port or _PORTS[self._parts.scheme]
        if self._parts.scheme == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=_SECONDS, context=self._trusted
            )
        else:
            connection = smtplib.SMTP(host, port, timeout=_SECONDS)
        self._connection = connection
        if self._parts.scheme == "smtp+starttls":
            connection.starttls(context=self._trusted)
        if self._parts.username:
            connection.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        else:
            connection.ehlo_or_helo_if_needed()
        return connection


def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError):
            raise ConfigurationError(
                f"LONGWAVE_SMTP_CA_FILE cannot be used: {ca_file} holds no certificates.",
                "Name a file of certificates in PEM, or leave the setting out.",
            ) from None
    return context


def _told(error: Exception) -> str:
    """Say what kept a conversation from going on, without what either side said in it."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"The certificate of the mail server is not trusted: {error.verify_message}."
        case smtplib.SMTPAuthenticationError():
            return f"SMTP {error.smtp_code}: the mail server refuses user name or password."
        case smtplib.SMTPNotSupportedError():
            return "The mail server offers no STARTTLS, or no way to sign in."
        case smtplib.SMTPResponseException():
            return f"SMTP {error.smtp_code}"
        case socket.gaierror():
            return "The mail server's name is not known."
        case _:
            return type(error).__name__


def _enhanced(said: bytes) -> str | None:
    found = ENHANCED.search(said.decode("ascii", errors="replace"))
    return found.group(0) if found else None

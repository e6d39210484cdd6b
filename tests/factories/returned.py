"""Mail as servers return it. The texts are our own, the shapes those that are met."""

from __future__ import annotations

from textwrap import dedent

ID = "0123456789abcdef0123456789abcdef"
OURS = f"{ID}@longwave"
VERP = f"bounces+{ID}@study.example"
PLAIN = "study@study.example"

_ORIGINAL = f"""\
From: study@study.example
To: ada@clinic.example
Subject: Your next questionnaire is ready
Message-ID: <{OURS}>
"""


def _report(
    headers: str,
    words: str,
    status: str,
    returned: str = f"Content-Type: message/rfc822\n\n{_ORIGINAL}\nHello\n",
    *,
    status_type: str = "message/delivery-status",
) -> bytes:
    parts = [
        f"Content-Type: text/plain; charset=utf-8\n\n{words}\n",
        f"Content-Type: {status_type}\n\n{dedent(status)}",
        returned,
    ]
    body = "".join(f"--edge\n{part}\n" for part in parts)
    text = (
        f"{dedent(headers)}MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="edge"\n\n'
        f"{body}--edge--\n"
    )
    return text.encode()


def postfix(
    status: str = "5.1.1",
    action: str = "failed",
    to: str = VERP,
    returned: str = f"Content-Type: message/rfc822\n\n{_ORIGINAL}\nHello\n",
    said: str = "smtp; 550 5.1.1 <ada@clinic.example>: no such person",
) -> bytes:
    return _report(
        f"""\
        Return-Path: <>
        From: MAILER-DAEMON@relay.example (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: {to}
        Auto-Submitted: auto-replied
        """,
        "This is the mail system at host relay.example.",
        f"""\
        Reporting-MTA: dns; relay.example
        X-Postfix-Queue-ID: 4C2F
        Arrival-Date: Mon,  2 Feb 2026 08:00:00 +0000 (UTC)

        Final-Recipient: rfc822; ada@clinic.example
        Original-Recipient: rfc822;ada@clinic.example
        Action: {action}
        Status: {status}
        Remote-MTA: dns; mx.clinic.example
        Diagnostic-Code: {said}
        """,
        returned,
    )


def postfix_headers_only(to: str = PLAIN) -> bytes:
    return postfix(to=to, returned=f"Content-Type: text/rfc822-headers\n\n{_ORIGINAL}\n")


def exim(said: str = "smtp; 550 5.1.1 no such person", to: str = PLAIN) -> bytes:
    """Return a report whose own status says nothing, as Exim writes it."""
    return _report(
        f"""\
        Return-path: <>
        Envelope-to: {to}
        From: Mail Delivery System <Mailer-Daemon@relay.example>
        To: {to}
        X-Failed-Recipients: ada@clinic.example
        Auto-Submitted: auto-replied
        Subject: Mail delivery failed: returning message to sender
        """,
        "A message that you sent could not be delivered.",
        f"""\
        Reporting-MTA: dns; relay.example

        Action: failed
        Final-Recipient: rfc822;ada@clinic.example
        Status: 5.0.0
        Remote-MTA: dns; mx.clinic.example
        Diagnostic-Code: {said}
        """,
    )


def old_exim(said: str = "550 5.1.1 no such person", subject: str = "Delivery failed") -> bytes:
    return dedent(
        f"""\
        Return-path: <>
        From: Mail Delivery System <Mailer-Daemon@relay.example>
        To: {PLAIN}
        X-Failed-Recipients: ada@clinic.example
        Auto-Submitted: auto-replied
        Subject: {subject}

        What you sent did not reach everybody. Those whom it did not reach:

          ada@clinic.example
            host mx.clinic.example
            {said}

        ------ What you sent, with its headers ------

        Message-ID: <{OURS}>
        """
    ).encode()


def exchange(to: str = PLAIN) -> bytes:
    return _report(
        f"""\
        From: Microsoft Outlook <postmaster@clinic.example>
        To: {to}
        Subject: Undeliverable: Your next questionnaire is ready
        In-Reply-To: <{OURS}>
        References: <{OURS}>
        X-MS-Exchange-Message-Is-Ndr:
        """,
        "Nobody of this address was found.",
        """\
        Reporting-MTA: dns;mail.clinic.example
        Received-From-MTA: dns;relay.example

        Final-Recipient: rfc822;ada@clinic.example
        Action: failed
        Status: 5.1.10
        Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found
        X-Display-Name: ada
        """,
        "Content-Type: message/rfc822\n\nSubject: it was cut off\n\n",
    )


def gmail(to: str = PLAIN) -> bytes:
    return _report(
        f"""\
        From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
        To: {to}
        Auto-Submitted: auto-replied
        Subject: Delivery Status Notification (Failure)
        References: <{OURS}>
        In-Reply-To: <{OURS}>
        X-Failed-Recipients: ada@gmail.example
        """,
        "It was not delivered, since the address was not found.",
        """\
        Reporting-MTA: dns; googlemail.com
        Arrival-Date: Mon, 02 Feb 2026 00:00:00 -0800 (PST)

        Final-Recipient: rfc822; ada@gmail.example
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; mx.gmail.example. (192.0.2.1, the server for the domain.)
        Diagnostic-Code: smtp; 550-5.1.1 The account that you tried to reach
         550 5.1.1 does not exist.
        """,
    )


def several(*actions: tuple[str, str]) -> bytes:
    """Return a report on several recipients, each with an action and a status."""
    blocks = "".join(
        f"\nFinal-Recipient: rfc822; r{place}@clinic.example\nAction: {action}\nStatus: {status}\n"
        for place, (action, status) in enumerate(actions)
    )
    return _report(f"To: {VERP}\n", "Of several.", f"Reporting-MTA: dns; relay.example\n{blocks}")


def complaint(feedback: str = "abuse") -> bytes:
    return _report(
        f"From: feedback@provider.example\nTo: {PLAIN}\nSubject: FW: questionnaire\n",
        "Somebody pressed the button.",
        f"""\
        Feedback-Type: {feedback}
        User-Agent: Provider/1.0
        Version: 1
        """,
        status_type="message/feedback-report",
    )


def on_holiday(to: str = VERP) -> bytes:
    return dedent(
        f"""\
        From: ada@clinic.example
        To: {to}
        Auto-Submitted: auto-replied
        Subject: Away until Monday (550 5.1.1)
        In-Reply-To: <{OURS}>

        I am away. 550 5.1.1 nobody is here.
        """
    ).encode()


def from_a_person(to: str = VERP) -> bytes:
    return f"From: ada@clinic.example\nTo: {to}\nSubject: Re: link\n\nIt does not work.\n".encode()


def read_receipt(to: str = VERP) -> bytes:
    return (
        f"From: ada@clinic.example\nTo: {to}\nSubject: Read\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=edge\n\n"
        "--edge\nContent-Type: text/plain\n\nIt was read.\n"
        "--edge\nContent-Type: message/disposition-notification\n\n"
        f"Original-Message-ID: <{OURS}>\nDisposition: manual-action/MDN-sent-manually; displayed\n"
        "--edge--\n"
    ).encode()

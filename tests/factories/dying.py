"""A sender in a process of its own, that is killed at a step of its work. Also run as a program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
MID_SMTP = "in mid-SMTP"
STEPS = (
    "before the claim",
    "after the claim",
    "after the mark",
    MID_SMTP,
    "after the server's 250",
    "before the commit",
)
"""Where a sender can die, in the order of its work."""


def send(database_url: str, smtp_url: str, now: datetime, step: str = "", at: int = 0) -> int:
    """Send what is due in another process, which dies at a step of a message (from 1).

    Returns how it ended: 0, or minus the signal that killed it.
    """
    command = [sys.executable, __file__, database_url, smtp_url, now.isoformat(), step, str(at)]
    path = os.pathsep.join([str(TESTS), *sys.path])
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


def main(database_url: str, smtp_url: str, now: str, step: str, at: str) -> None:
    """Send, and die as told."""
    from factories.lab import BASE_URL, SECRET
    from longwave.jobs.dispatch import dispatch
    from longwave.keys import KeyRing
    from longwave.notify.email import smtp
    from longwave.services import outbox
    from longwave.storage.database import Database

    class Mortal(smtp._Line):
        """Dies in the middle of a mail, or when the server has taken it."""

        def send(self, letter):
            delivery = super().send(letter)
            die_at("after the server's 250", begun)
            return delivery

        def _hand_over(self, connection, content):
            if (step, int(at)) == (MID_SMTP, begun):
                connection.send(content[: len(content) // 2])
            die_at(MID_SMTP, begun)
            return super()._hand_over(connection, content)

    def die_at(here: str, number: int) -> None:
        if (here, number) == (step, int(at)):
            os.kill(os.getpid(), signal.SIGKILL)

    begun = settled = 0
    claim, begin, settle = outbox.claim, outbox.begin, outbox.settle

    def dying_claim(*arguments, **how):
        die_at("before the claim", int(at))
        return claim(*arguments, **how)

    def dying_begin(*arguments, **how):
        nonlocal begun
        begun += 1
        die_at("after the claim", int(at))
        begins = begin(*arguments, **how)
        die_at("after the mark", begun)
        return begins

    def dying_settle(session, worker, sent, *arguments, **how):
        nonlocal settled
        settle(session, worker, sent, *arguments, **how)
        settled += len(sent)
        if settled >= int(at):
            die_at("before the commit", int(at))

    smtp._Line = Mortal
    outbox.claim, outbox.begin, outbox.settle = dying_claim, dying_begin, dying_settle
    database = Database(database_url)
    dispatch(
        database,
        smtp.SmtpTransport(smtp_url, "study@study.example", is_caught=True),
        keys=KeyRing(SECRET),
        base_url=BASE_URL,
        clock=lambda: datetime.fromisoformat(now),
    )
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

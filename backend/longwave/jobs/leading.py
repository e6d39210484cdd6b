"""The lease of the clockwork as one process holds it: said again in time, given back at the end."""

from __future__ import annotations

import logging
import os
import socket
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from longwave.clock import Clock
from longwave.domain.errors import ConfigurationError
from longwave.services import leading
from longwave.services.leading import Holder, Leader
from longwave.storage.database import Database

logger = logging.getLogger(__name__)

_NEVER = datetime.min.replace(tzinfo=UTC)


def this_process() -> Holder:
    """Name this process, as no other is named."""
    return Holder(socket.gethostname(), os.getpid(), uuid4().hex[:8])


class Leadership:
    """Whether this process leads.

    Parameters
    ----------
    span
        For how long it leads unless it says so again.
    me
        The name of this process.
    """

    def __init__(
        self, database: Database, clock: Clock, span: timedelta, me: Holder | None = None
    ) -> None:
        self.span = span
        self._database = database
        self._clock = clock
        self._me = me or this_process()
        self._until = _NEVER

    @property
    def leads(self) -> bool:
        """Whether this process may do what is led. It ends by itself when the time is over."""
        return self._clock() < self._until

    @property
    def may_send(self) -> bool:
        """Whether this process may send messages: on PostgreSQL every worker does."""
        return self.leads or not self._database.is_sqlite

    def begin(self) -> None:
        """Lead, if nobody does.

        Raises
        ------
        ConfigurationError
            On SQLite, if another process does: there, one is all there may be.
        """
        if not self._database.is_sqlite:
            self.say_again()
            return
        now = self._clock()
        with self._database.writing() as session:
            leader = leading.leader(session, now=now)
            gone = leader.holder if leader and self._is_gone(leader.holder) else None
            held = leading.hold(session, self._me, self.span, now=now, instead_of=gone)
        if leader and not held:
            raise _refusal(leader, self.span)
        self._note(held, now)

    def say_again(self) -> bool:
        """Go on leading, or begin to if nobody does; return whether it begins now."""
        led, now = self.leads, self._clock()
        with self._database.writing() as session:
            held = leading.hold(session, self._me, self.span, now=now)
        self._note(held, now)
        if held != led:
            logger.info("this process %s the clockwork", "leads" if held else "no longer leads")
        return held and not led

    def give_back(self) -> None:
        """Lead no longer, so that another can at once."""
        self._until = _NEVER
        with self._database.writing() as session:
            leading.give_back(session, self._me)

    def _note(self, held: bool, now: datetime) -> None:
        self._until = now + self.span if held else _NEVER

    def _is_gone(self, holder: Holder) -> bool:
        """Whether a process ran on this machine and does no longer.

        One of this very number was an earlier life of this one, as in a container.
        """
        if holder.host != self._me.host:
            return False
        return holder.pid == self._me.pid or not _lives(holder.pid)


def _lives(pid: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere one cannot ask without doing it harm
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refusal(leader: Leader, span: timedelta) -> ConfigurationError:
    holder = leader.holder
    return ConfigurationError(
        f"The clockwork of this database runs already: in process {holder.pid} on {holder.host}, "
        f"since {leader.since:%Y-%m-%d %H:%M} UTC.",
        "On SQLite one process runs it. Use `longwave serve --no-worker` beside that process, or "
        "end it first; several workers need PostgreSQL. If it was killed on another machine, try "
        f"again in {span.total_seconds():g} seconds.",
    )

"""A transport that delivers to nobody: it hands links to virtual participants."""

from __future__ import annotations

import re

from longwave.notify import Delivery, Letter, Outcome

_TOKEN = re.compile(r"https?://\S+/l/([\w-]+)")


class PostBox:
    """Takes every message and keeps of it who was sent which link, until it is emptied."""

    is_caught = True

    def __init__(self) -> None:
        self._links: list[tuple[str, str]] = []
        self.taken = 0

    def send(self, letter: Letter) -> Delivery:
        """Take one message; nothing fails here."""
        self.taken += 1
        found = _TOKEN.search(letter.body)
        if found is not None:
            self._links.append((letter.recipient, found.group(1)))
        return Delivery(Outcome.SENT)

    def trouble(self) -> str | None:
        """Say that nothing keeps letters from being taken."""
        return None

    def close(self) -> None:
        """Let go of nothing."""

    def empty(self) -> list[tuple[str, str]]:
        """Return recipient and token of each message with a link since this was last asked."""
        taken, self._links = self._links, []
        return taken

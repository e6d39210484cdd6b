"""The address to which one mail is returned if it cannot be delivered.

Each mail has an address of its own (variable envelope return path): ``bounces@host`` becomes
``bounces+<token>@host``, where the token is that of the Message-ID. So a report is matched to
its mail by where it is sent, whatever stands in it.
"""

from __future__ import annotations

import re

from longwave.notify.base import MESSAGE_ID_DOMAIN

_TOKEN = re.compile(r"\+([0-9a-z]{16,48})@", flags=re.IGNORECASE)


def envelope_sender(bounces_to: str | None, message_id: str) -> str | None:
    """Return the address for the report on one mail, or None without an address to vary."""
    if bounces_to is None:
        return None
    local, _, host = bounces_to.rpartition("@")
    return f"{local}+{message_id.partition('@')[0]}@{host}"


def message_ids_in(address: str) -> list[str]:
    """Return the Message-IDs of the mails to which the addresses in a text belong."""
    return [f"{token.lower()}@{MESSAGE_ID_DOMAIN}" for token in _TOKEN.findall(address)]

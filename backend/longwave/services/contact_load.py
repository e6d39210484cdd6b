"""How much the study asks of people's attention: messages by kind, and by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from longwave.domain.blinding import MESSAGES, Concealed, Viewer, waves_that_tell
from longwave.domain.messages import Kind
from longwave.domain.permissions import Action
from longwave.services.study import current_protocol
from longwave.storage import contact_load as storage
from longwave.storage.contact_load import Counts
from longwave.storage.tables import Study
from longwave.storage.tables.base import key

_ALL = "*"


@dataclass(frozen=True, slots=True)
class Load:
    """What some people were sent, or may have been sent.

    ``most`` is what went to the one who got most of all.
    """

    people: int
    messages: Mapping[str, int]
    most: int

    @property
    def total(self) -> int:
        """All messages."""
        return sum(self.messages.values())

    @property
    def per_person(self) -> float | None:
        """Messages for each person; None where there is nobody."""
        return self.total / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class ContactLoad:
    """The contact load of a study, over the sites of whoever looks.

    ``everybody`` counts from the beginning, over all who enrolled; each of the ``arms`` over those
    who were randomised to it, from that moment on.
    """

    everybody: Load
    arms: Concealed[Mapping[str, Load]]


def contact_load(session: Session, study: Study, viewer: Viewer) -> ContactLoad:
    """Count messages to participants; the blinded see none that tells an arm."""
    viewer.require(Action.SEE_MESSAGES)
    sites = viewer.sites_for(Action.SEE_MESSAGES)
    protocol = current_protocol(session, study)
    everybody = storage.count(
        session,
        key(study),
        sites=sites,
        kinds=[kind for kind, shown in MESSAGES.items() if shown] if viewer.blinded else None,
        hidden_waves=waves_that_tell(protocol) if viewer.blinded else (),
    )
    by_arm = storage.count_by_arm(session, key(study), sites=sites)
    return ContactLoad(
        _load(everybody, _ALL),
        Concealed({arm: _load(by_arm, arm) for arm in protocol.arms}),
    )


def _load(counts: Counts, arm: str) -> Load:
    return Load(
        people=counts.people.get(arm, 0),
        messages={kind: number for kind in Kind if (number := counts.messages.get((arm, kind), 0))},
        most=counts.most.get(arm, 0),
    )

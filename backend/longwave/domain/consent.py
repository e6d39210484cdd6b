"""What a signature under the consent document needs to count."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle.states import Channel
from longwave.domain.phone import normal_phone
from longwave.domain.protocol.model import ConsentPlan
from longwave.domain.zones import known_zones

_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])"
)
"""The addresses that every mail server takes (RFC 5321, without quoted and non-ASCII ones)."""

DOCUMENT = "document"
"""What is at fault where another document was read than the one to be signed."""

_LONGEST_NAME = 200
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """What a participant typed and ticked; ``allowed`` are further uses of the data.

    ``read`` is the `edition` of the document that the form stood under, where that is known.
    ``channel`` is by what messages are wanted, ``language`` in which language, ``zone`` (an IANA
    name) at whose times; None leaves it as the study has it.
    """

    name: str
    email: str
    ticked: frozenset[str]
    allowed: frozenset[str] = frozenset()
    read: str | None = None
    phone: str = ""
    channel: str | None = None
    language: str | None = None
    zone: str | None = None


def check_consent(
    plan: ConsentPlan,
    form: ConsentForm,
    language: str,
    *,
    again: bool = False,
    channels: Sequence[Channel] = (Channel.EMAIL,),
) -> None:
    """Raise `InvalidInputError` unless the form can be signed under ``plan``.

    The document in ``language`` is the one that is signed. Whoever read another one, since the
    study was amended in between, has not agreed to this one. Whoever signs ``again`` is known,
    and gives no address; else there must be one for some of the study's ``channels``.
    """
    if form.read is not None and form.read != edition(plan, language):
        raise InvalidInputError(
            "The consent form is not complete.",
            "See the marked places.",
            {DOCUMENT: "This document has changed. Please read it again before you sign."},
        )
    faults = {
        statement.id: "Please tick this statement if you wish to take part."
        for statement in plan.statements
        if statement.required and statement.id not in form.ticked
    }
    if not 0 < len(form.name.strip()) <= _LONGEST_NAME:
        faults["name"] = "Please type your name."
    if not again:
        faults |= _contact_faults(form, channels)
    if faults:
        raise InvalidInputError(
            "The consent form is not complete.", "See the marked places.", faults
        )


def reached_by(form: ConsentForm, channels: Sequence[Channel]) -> Channel:
    """Return by what messages go to whoever filled in a form: as wanted, if it has an address."""
    given = [channel for channel in channels if _GIVEN[channel](form).strip()]
    wanted = [channel for channel in given if channel == form.channel]
    return (wanted or given or list(channels))[0]


_GIVEN: Mapping[Channel, Callable[[ConsentForm], str]] = {
    Channel.EMAIL: lambda form: form.email,
    Channel.SMS: lambda form: form.phone,
}


def _contact_faults(form: ConsentForm, channels: Sequence[Channel]) -> dict[str, str]:
    """Return what is wrong with how somebody wants to be reached, by field."""
    faults: dict[str, str] = {}
    has_number = Channel.SMS in channels and bool(form.phone.strip())
    wants_email = Channel.EMAIL in channels and (bool(form.email.strip()) or not has_number)
    if wants_email and not is_email(form.email):
        faults["email"] = "Please type an e-mail address such as name@example.org."
    if has_number or not wants_email:
        try:
            normal_phone(form.phone)
        except ValueError as error:
            faults["phone"] = str(error)
    if form.zone is not None and form.zone not in known_zones():
        faults["zone"] = "Please choose your time zone."
    return faults


def is_email(text: str) -> bool:
    """Whether a text is an address that every mail server takes."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text.strip()) is not None


def edition(plan: ConsentPlan, language: str) -> str:
    """Return what tells one document from every other: its version and its hash."""
    return f"{plan.version} {document_hash(plan.documents[language])}"


def language_read(plan: ConsentPlan, form: ConsentForm, own: str) -> str:
    """Return the language of the document that a form stood under: ``own``, if it does not say."""
    found = [language for language in plan.documents if form.read == edition(plan, language)]
    return own if own in found or not found else found[0]


def document_hash(document: str) -> str:
    """Return the SHA-256 of the document that was shown."""
    return hashlib.sha256(document.encode()).hexdigest()


def normal_email(email: str) -> str:
    """Return the form of an address under which the same mailbox is found again."""
    return email.strip().casefold()

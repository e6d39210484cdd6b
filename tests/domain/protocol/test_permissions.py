"""Permissions to use instruments, as a protocol records them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.broken import MOOD, Broken, assert_only_fault
from factories.library import OWN, library
from factories.study import make_protocol

from longwave.domain.instrument import Permission
from longwave.domain.protocol import read_protocol
from longwave.domain.protocol.amendment import not_amendable

GIVEN = "{by: Owner, reference: letter 12, date: 2026-11-03}"


def with_terms(
    files: dict[str, bytes], terms: str, permissions: str | None = None
) -> dict[str, bytes]:
    """Give the instrument mood other terms, and the protocol a block of permissions."""
    changed = files[MOOD].decode().replace("licence: Made for tests.", f"licence: {terms}")
    more = "" if permissions is None else f"permissions: {permissions}\n"
    return files | {
        MOOD: changed.encode(),
        "protocol.yaml": files["protocol.yaml"] + more.encode(),
    }


@pytest.mark.parametrize(
    ("terms", "asks"),
    [
        ("Made for tests.", False),
        ("{terms: Free., commercial: free}", False),
        ("{terms: Free., commercial: free, use: free}", False),
        ("{terms: Ask., commercial: ask}", True),
        ("{terms: Never for money., commercial: no}", True),
        ("{terms: Ask always., use: ask}", True),
    ],
)
def test_terms_say_whether_a_permission_has_to_be_recorded(
    small: dict[str, bytes], terms: str, asks: bool
) -> None:
    protocol = read_protocol(with_terms(small, terms))
    assert protocol.not_permitted == (("mood",) if asks else ())
    recorded = read_protocol(with_terms(small, terms, f"{{mood: {GIVEN}}}"))
    assert recorded.not_permitted == ()
    assert recorded.permissions == {"mood": Permission("Owner", "letter 12", "2026-11-03")}
    assert recorded.hash != protocol.hash


def test_a_study_may_say_why_it_needs_no_permission(small: dict[str, bytes]) -> None:
    files = with_terms(
        small, "{terms: Ask., commercial: ask}", "{mood: {not_needed: Research alone.}}"
    )
    protocol = read_protocol(files)
    assert protocol.not_permitted == ()
    assert protocol.permissions["mood"].not_needed == "Research alone."


FAULTS = [
    ("{by: Owner, date: 2026-11-03}", "reference", "'reference' is missing", "not_needed"),
    (GIVEN.replace("-03", "-31"), "date", "is not a day", "2027-03-01"),
    ("{not_needed: x, by: Owner}", "by", "neither giver nor reference", "Remove this"),
    ("Owner", "", "block of fields", "reference"),
]


@pytest.mark.parametrize(("entry", "field", "message", "remedy"), FAULTS)
def test_what_is_wrong_with_a_permission_is_told(
    small: dict[str, bytes], entry: str, field: str, message: str, remedy: str
) -> None:
    place = "permissions.mood" + (f".{field}" if field else "")
    new = f"permissions: {{mood: {entry}}}\nstudy:\n"
    assert_only_fault(small, Broken(place, "study:\n", new, message, remedy))


def test_a_permission_of_an_instrument_that_nobody_asks_is_a_mistake(
    small: dict[str, bytes],
) -> None:
    new = f"permissions: {{moood: {GIVEN}}}\nstudy:\n"
    broken = Broken("permissions.moood", "study:\n", new, "Did you mean 'mood'?", "habits")
    assert_only_fault(small, broken)


def test_no_excuse_serves_where_any_use_needs_a_permission(small: dict[str, bytes]) -> None:
    files = with_terms(small, "{terms: Ask the owner., use: ask}")
    new = "permissions: {mood: {not_needed: Research alone.}}\nstudy:\n"
    broken = Broken("permissions.mood.not_needed", "study:\n", new, "Ask the owner.", "Ask for it")
    assert_only_fault(files, broken)


def test_an_amendment_may_record_a_permission() -> None:
    protocol = make_protocol()
    recorded = replace(protocol, permissions={"calm": Permission("Owner", "letter", "2026-11-03")})
    assert not_amendable(protocol, recorded) == []


def test_of_the_library_what_is_not_free_asks_and_what_is_our_own_does_not() -> None:
    asking = {name for name, one in library().items() if not one.is_free}
    assert {"mbi_hss", "proqol_12", "proqol_5", "bat_12", "bat_23", "who_5", "stss"} <= asking
    assert not asking & {"scs", "scs_sf", "cbi", "phq_4", *OWN}
    always = {name for name, one in library().items() if one.use == "ask"}
    assert always == {"mbi_hss", "mbi_hss_mp", "proqol_12"}

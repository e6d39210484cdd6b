"""Keys: what is encrypted, signed or derived under one purpose is of no use under another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.errors import ConfigurationError
from longwave.keys import KeyRing, Purpose

RING = KeyRing("a secret of thirty-two characters or more")
OTHER = KeyRing("another secret of thirty-two characters")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_was_encrypted_comes_back(plain, context):
    sealed = RING.encrypt(Purpose.CONTACT, plain, context)
    assert RING.decrypt(Purpose.CONTACT, sealed, context) == plain


@pytest.mark.parametrize("reader", ["other ring", "other purpose", "other context", "changed"])
def test_nobody_else_can_decrypt(reader):
    sealed = RING.encrypt(Purpose.CONTACT, b"someone@clinic.example", "A")
    attempts = {
        "other ring": lambda: OTHER.decrypt(Purpose.CONTACT, sealed, "A"),
        "other purpose": lambda: RING.decrypt(Purpose.SEALED, sealed, "A"),
        "other context": lambda: RING.decrypt(Purpose.CONTACT, sealed, "B"),
        "changed": lambda: RING.decrypt(Purpose.CONTACT, sealed[:-1] + b"\0", "A"),
    }
    with pytest.raises(ConfigurationError, match="LONGWAVE_SECRET_KEY"):
        attempts[reader]()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_signature_holds_for_its_value_alone(value):
    signed = RING.sign(value)
    assert RING.unsign(signed) == value
    assert OTHER.unsign(signed) is None
    assert RING.unsign("x" + signed) is None
    assert RING.unsign(f"{value}.é") is None


def test_links_differ_and_can_be_derived_again():
    assert RING.link_token("a") == RING.link_token("a") != RING.link_token("b")
    assert RING.link_token("a") != OTHER.link_token("a")
    assert len(RING.link_token("a")) == 32

"""Staff tokens: shown once, kept as a hash, good for a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import Role
from longwave.services.staff import TOKEN_LIFE, add_staff, authenticate
from longwave.storage.tables import Staff


def add(lab, email="a@lab.example", *, blinded=True):
    with lab.database.writing() as session:
        return add_staff(session, email, Role.ANALYST, blinded=blinded, now=lab.now)[1]


def who(lab, token, later=timedelta()):
    with lab.database.reading() as session:
        return authenticate(session, token, now=lab.now + later)


def test_a_token_tells_who_holds_it(lab):
    viewer = who(lab, add(lab, blinded=False))
    assert (viewer.name, viewer.role, viewer.blinded) == ("a@lab.example", Role.ANALYST, False)


def test_a_wrong_or_expired_token_tells_nothing(lab):
    token = add(lab)
    assert who(lab, token + "x") is None
    assert who(lab, "") is None
    assert who(lab, token, TOKEN_LIFE - timedelta(seconds=1)) is not None
    assert who(lab, token, TOKEN_LIFE) is None


def test_the_database_holds_no_token(lab):
    token = add(lab)
    assert all(token not in str(row.model_dump()) for row in lab.rows(Staff))


def test_nobody_is_added_twice(lab):
    add(lab)
    with pytest.raises(InvalidInputError, match="already"):
        add(lab)

"""Personal values in the trail: read by whoever holds the key, and by nobody once it is gone."""

from __future__ import annotations

import pytest

from longwave.domain.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.keys import KeyRing
from longwave.services import personal
from longwave.storage.tables import Participant, PersonalKey

VALUES = {"from": "2", "to": "ünal", "why": None, "times": 3}


@pytest.fixture
def people(lab):
    return lab.screen(), lab.screen()


def sealed(lab, who, values=VALUES, **how):
    with lab.database.writing() as session:
        return personal.encrypt(session, session.get_one(Participant, who), lab.keys, values, **how)


def opened(lab, who, text, keys=None, **how):
    with lab.database.reading() as session:
        person = session.get_one(Participant, who)
        return personal.decrypt(session, person, keys or lab.keys, text, **how)


def forget(lab, who):
    with lab.database.writing() as session:
        personal.forget(session, session.get_one(Participant, who))


def test_values_come_back_under_one_key_for_each_person(lab, people):
    texts = [sealed(lab, people[0]), sealed(lab, people[0]), sealed(lab, people[1])]
    assert len(set(texts)) == 3
    for who, text in zip((people[0], people[0], people[1]), texts, strict=True):
        assert "nal" not in text
        assert opened(lab, who, text) == VALUES
    keys = lab.rows(PersonalKey)
    assert [row.participant_id for row in keys] == list(people)
    assert keys[0].key != keys[1].key


def test_the_key_stands_encrypted_in_the_database(lab, people):
    text = sealed(lab, people[0])
    with pytest.raises(ConfigurationError, match="cannot be decrypted"):
        opened(lab, people[0], text, KeyRing("another secret " * 3))


def test_values_hold_for_their_person_and_kind_alone(lab, people):
    text = sealed(lab, people[0])
    sealed(lab, people[1])
    with pytest.raises(InvalidInputError, match="no personal values of"):
        opened(lab, people[1], text)
    with pytest.raises(InvalidInputError, match=r"an event other\.kind"):
        opened(lab, people[0], text, kind="other.kind")


@pytest.mark.parametrize("text", ["", "not base64!", "AAAA", "A" * 80])
def test_what_is_no_ciphertext_is_refused(lab, people, text):
    sealed(lab, people[0])
    with pytest.raises(InvalidInputError, match="Verify the trail"):
        opened(lab, people[0], text)


def test_what_was_forgotten_is_gone_and_says_so(lab, people):
    texts = [sealed(lab, who) for who in people]
    forget(lab, people[0])
    with pytest.raises(NotFoundError, match="were erased"):
        opened(lab, people[0], texts[0])
    assert opened(lab, people[1], texts[1]) == VALUES
    forget(lab, people[0])


def test_a_new_key_does_not_open_what_was_forgotten(lab, people):
    text = sealed(lab, people[0])
    forget(lab, people[0])
    sealed(lab, people[0])
    with pytest.raises(InvalidInputError):
        opened(lab, people[0], text)


def test_nothing_personal_is_written_of_somebody_who_was_erased(lab, people):
    with lab.database.writing() as session:
        session.get_one(Participant, people[0]).erased_at = lab.now
    with pytest.raises(RefusedTransitionError, match="were erased"):
        sealed(lab, people[0])

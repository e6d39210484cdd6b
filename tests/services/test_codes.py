"""Codes: short-lived, few tries, few of them, stored as a keyed hash."""

from __future__ import annotations

import re
import threading
from collections import Counter

import pytest

from longwave.domain.codes import (
    LIFE,
    MOST_PER_DAY,
    MOST_PER_HOUR,
    MOST_WRONG,
    CodePurpose,
    Tried,
)
from longwave.domain.errors import RefusedTransitionError, TooOftenError
from longwave.domain.lifecycle import BounceKind, Channel
from longwave.keys import Purpose
from longwave.services import audit, bounces, codes, withdrawal
from longwave.storage.tables import Code, Contact, Message, Participant

DOWNLOAD, ERASURE = CodePurpose.DOWNLOAD, CodePurpose.ERASURE


def ask(lab, person, purpose=DOWNLOAD):
    lab.act(person, codes.ask, purpose=purpose, keys=lab.keys)


def typed(lab, person, text, purpose=DOWNLOAD):
    return lab.act(person, codes.try_code, purpose=purpose, typed=text, keys=lab.keys)[0]


def sent(lab):
    """Return the code in the last mail."""
    lab.clockwork.dispatch()
    return re.search(r"\b([0-9]{6})\b", lab.transport.mails[-1].body)[1]


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.fixture
def person(lab):
    person = lab.enrol()
    lab.clockwork.dispatch()
    return person


def test_a_code_comes_by_mail_and_is_good_once(lab, person):
    ask(lab, person)
    code = sent(lab)
    mail = lab.transport.mails[-1]
    assert (mail.recipient, mail.subject) == (f"person{person}@clinic.example", "Your code")
    assert mail.unsubscribe is None
    assert typed(lab, person, f" {code[:3]} {code[3:]} ") is Tried.RIGHT
    assert typed(lab, person, code) is Tried.GONE


def test_digits_of_every_script_are_digits(lab, person):
    ask(lab, person)
    arabic = sent(lab).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert typed(lab, person, arabic) is Tried.RIGHT


def test_a_mail_with_a_code_names_neither_study_nor_arm(lab, person):
    ask(lab, person)
    sent(lab)
    text = lab.transport.mails[-1].body + lab.transport.mails[-1].subject
    for word in (lab.protocol.study.title["en"], "ourse", "compassion", "burnout", "Waiting"):
        assert word not in text


def test_neither_the_code_nor_a_plain_hash_of_it_is_stored(lab, person):
    ask(lab, person)
    code = sent(lab)
    (row,) = lab.rows(Code)
    assert code not in row.code_hash and len(row.code_hash) == 64
    assert code not in str([message.model_dump() for message in lab.rows(Message)])
    assert [event.payload for event in lab.events("code.asked")] == [{"purpose": "download"}]


def test_a_code_is_good_for_its_purpose_and_its_person_alone(lab, person):
    other = lab.enrol()
    ask(lab, person)
    code = sent(lab)
    assert typed(lab, person, code, ERASURE) is Tried.GONE
    assert typed(lab, other, code) is Tried.GONE
    assert typed(lab, person, code) is Tried.RIGHT


def test_a_code_does_not_outlive_its_half_hour(lab, person):
    ask(lab, person)
    code = sent(lab)
    lab.now += LIFE
    assert typed(lab, person, code) is Tried.GONE


def test_the_newest_code_takes_the_place_of_the_one_before(lab, person):
    ask(lab, person)
    first = sent(lab)
    lab.now += LIFE / 30
    ask(lab, person)
    assert sent(lab) != first
    assert typed(lab, person, first) is Tried.WRONG


def test_guessing_ends_after_a_few_tries_even_with_the_right_one(lab, person):
    ask(lab, person)
    code = sent(lab)
    tries = [typed(lab, person, wrong(code)) for _ in range(MOST_WRONG)]
    assert tries == [Tried.WRONG] * (MOST_WRONG - 1) + [Tried.WORN_OUT]
    assert typed(lab, person, code) is Tried.WORN_OUT
    assert len(lab.events("code.worn_out")) == 1


def test_nonsense_costs_no_try(lab, person):
    ask(lab, person)
    code = sent(lab)
    for nonsense in ("", "12345", "1234567", "abcdef", "x" * 10_000):
        assert typed(lab, person, nonsense) is Tried.WRONG
    assert typed(lab, person, code) is Tried.RIGHT


def test_only_so_many_codes_an_hour_and_a_day_whatever_they_are_for(lab, person):
    for number in range(MOST_PER_HOUR):
        ask(lab, person, (DOWNLOAD, ERASURE)[number % 2])
    with pytest.raises(TooOftenError) as refused:
        ask(lab, person)
    assert refused.value.again_at == lab.now + 2 * LIFE
    ask(lab, lab.enrol())  # somebody else's are counted by themselves
    lab.now = refused.value.again_at
    for _ in range(MOST_PER_DAY - MOST_PER_HOUR):
        ask(lab, person)
    lab.now += 4 * LIFE
    with pytest.raises(TooOftenError):
        ask(lab, person)


def test_a_code_comes_although_messages_are_paused_and_after_leaving(lab, person):
    lab.act(person, withdrawal.pause_messages)
    ask(lab, person)
    assert typed(lab, person, sent(lab)) is Tried.RIGHT
    lab.act(person, withdrawal.withdraw)
    ask(lab, person, ERASURE)
    assert typed(lab, person, sent(lab), ERASURE) is Tried.RIGHT


def test_a_code_that_waited_too_long_is_not_sent(lab, person):
    ask(lab, person)
    lab.now += LIFE
    before = len(lab.transport.mails)
    lab.clockwork.dispatch()
    assert len(lab.transport.mails) == before


def test_who_is_reached_by_nothing_is_told_to_ask_the_team(lab, person):
    (mail_id,) = [row.mail_id for row in lab.rows(Message) if row.step == "w0:invitation"]
    with lab.database.writing() as session:
        how = {"source": "mailbox", "allowed": lambda *_: True, "now": lab.now}
        bounces.receive(session, (mail_id,), BounceKind.HARD, "5.1.1", **how)
    with pytest.raises(RefusedTransitionError, match="come back"):
        ask(lab, person)


def test_a_code_goes_by_sms_where_messages_do(lab, person):
    with lab.database.writing() as session:
        public_id = session.get_one(Participant, person).public_id
        contact = session.get_one(Contact, person)
        contact.phone = lab.keys.encrypt(Purpose.CONTACT, b"+905551234567", public_id)
        contact.channel = Channel.SMS
    ask(lab, person)
    lab.clockwork.dispatch()
    sms = lab.transport.mails[-1]
    assert sms.recipient == "+905551234567"
    code = re.search(r"[0-9]{6}", sms.text)[0]
    assert typed(lab, person, code) is Tried.RIGHT


def test_codes_are_forgotten_by_the_sweep(lab, person):
    ask(lab, person)
    lab.wait(days=1)
    assert len(lab.rows(Code)) == 1
    lab.wait(days=2)
    assert lab.rows(Code) == []
    with lab.database.reading() as session:
        assert audit.verify(session, keys=lab.keys).findings == []


def test_who_types_in_many_windows_at_once_has_no_more_tries(lab, person):
    ask(lab, person)
    code = sent(lab)
    barrier = threading.Barrier(8)
    results = []

    def guess(number):
        barrier.wait(10)
        text = f"{(int(code) + 1 + number) % 10**6:06}"
        results.append(typed(lab, person, text))

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(results) == {Tried.WRONG: MOST_WRONG - 1, Tried.WORN_OUT: 9 - MOST_WRONG}
    assert lab.rows(Code)[0].wrong == MOST_WRONG


def test_a_right_code_typed_twice_at_once_is_good_once(lab, person):
    ask(lab, person)
    code = sent(lab)
    barrier = threading.Barrier(4)
    results = []

    def use():
        barrier.wait(10)
        results.append(typed(lab, person, code))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(results) == {Tried.RIGHT: 1, Tried.GONE: 3}

"""Letters as they leave: the right words to the right person, the same in every arm."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from factories.lab import BASE_URL, Lab
from sqlmodel import select

from longwave import resources
from longwave.domain.errors import NotFoundError
from longwave.keys import Purpose
from longwave.notify import Sms
from longwave.services import calendar, letters, travel
from longwave.storage.message import Due
from longwave.storage.tables import Allocation, Assessment, Contact, Message, Participant, Study

TEXTS = """\
  calendar: [w0, w2]
  texts:
    invitation: "texts/own/invitation.{language}.md"
    reminders: ["texts/own/one.{language}.md", "texts/own/two.{language}.md"]
    waves: {w2: {invitation: "texts/own/second.{language}.md"}}
"""
FILES = {
    f"texts/own/{name}.{language}.md": (
        f"Subject: {name} in {language}\n\n{{{{ name }}}}, {{{{ closes_at }}}}\n\n{{{{ link }}}}\n"
    )
    for name in ("invitation", "one", "two", "second")
    for language in ("en", "tr", "ar")
}


@pytest.fixture
def texted(database_url, tmp_path):
    """A lab whose protocol has texts of its own."""
    packaged = resources.protocols_directory() / "msc_burnout_rct"
    files = resources.protocol_files(packaged)
    protocol = files["protocol.yaml"].decode()
    before = protocol[protocol.index("  calendar: [") : protocol.index("\nanalysis:")]
    files["protocol.yaml"] = protocol.replace(before, TEXTS).encode()
    for name, content in {**files, **{name: text.encode() for name, text in FILES.items()}}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    opened = Lab(database_url, str(tmp_path))
    yield opened
    opened.close()


def subjects(lab) -> list[str]:
    return [mail.subject for mail in lab.transport.mails]


def link_to(lab, person: int, wave: str) -> str:
    return f"{BASE_URL}/l/{lab.keys.link_token(lab.assessment(person, wave).uid)}"


def unfolded(content: bytes) -> str:
    return content.decode().replace("\r\n ", "")


def test_the_protocol_s_words_are_used_by_wave_and_by_number_of_the_reminder(texted):
    person = texted.enrol()
    for _ in range(10):
        texted.wait(days=1)
    assert subjects(texted) == ["invitation in en", "one in en", "two in en"]
    for mail in texted.transport.mails:
        assert mail.body.startswith("A Person, 16 February 2026, 11:00\n\n")
        assert link_to(texted, person, "w0") in mail.body
        assert link_to(texted, person, "w0") in mail.html


def test_each_reader_is_written_to_in_their_language(texted):
    person = texted.enrol()
    with texted.database.writing() as session:
        session.get_one(Participant, person).language = "tr"
    texted.clockwork.tick()
    assert subjects(texted) == ["invitation in tr"]
    assert "16 Şubat 2026" in texted.transport.mails[0].body


def test_an_amendment_changes_what_is_said_from_then_on(texted):
    texted.enrol()
    texted.clockwork.tick()
    texted.amend({'["texts/own/one.{language}.md", ': '["texts/own/second.{language}.md", '})
    texted.wait(days=4)
    assert subjects(texted) == ["invitation in en", "second in en"]


def test_the_same_is_said_in_both_arms(lab):
    assert len(ways_of_telling(lab)) == 1


def test_the_protocol_s_words_are_the_same_in_both_arms(texted):
    assert len(ways_of_telling(texted)) == 1


def ways_of_telling(lab) -> set[tuple[str, ...]]:
    """Return what participants of both arms get, links and names of entries left out."""
    people = [lab.randomise() for _ in range(8)]
    assert {row.arm for row in lab.rows(Allocation)} == {"active", "waitlist"}
    lab.clockwork.tick()
    lab.transport.mails.clear()
    for _ in range(62):
        lab.wait(days=1)
    told = {}
    for person in people:
        links = [link_to(lab, person, wave) for wave in ("w1", "w2")]
        mails = [
            mail
            for mail in lab.transport.mails
            if mail.recipient == f"person{person}@clinic.example"
        ]
        assert len(mails) > 2
        told[person] = [
            blanked(f"{mail.date} {mail.subject}\n{mail.body}\n{mail.html}\n", links)
            + blanked(str([unfolded(file.content) for file in mail.attachments]), links)
            for mail in mails
        ]
    return {tuple(mails) for mails in told.values()}


def blanked(text: str, links: list[str]) -> str:
    for link in links:
        text = text.replace(link, "LINK")
    return re.sub(r"UID:\w+@longwave", "UID", text)


def test_every_message_about_a_questionnaire_can_be_stopped_at_one_click(lab):
    person = lab.enrol()
    for _ in range(4):
        lab.wait(days=1)
    assert len(lab.transport.mails) == 2
    for mail in lab.transport.mails:
        email = mail.as_email("study@example.org")
        stop = f"<{link_to(lab, person, 'w0')}/unsubscribe>"
        assert email["List-Unsubscribe"] == stop
        assert email["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_nothing_tells_of_topic_or_arm_in_any_form_or_header(lab):
    for _ in range(4):
        lab.randomise()
    for _ in range(62):
        lab.wait(days=1)
    words = r"burnout|compassion|waitlist|active|course|msc|clinicians|trial over"
    for mail in lab.transport.mails:
        whole = mail.as_email("study@example.org")
        parts = [part.get_content() for part in whole.walk() if not part.is_multipart()]
        told = "\n".join([*map(str, whole.items()), *map(_text, parts)])
        told = re.sub(r"/l/[\w-]+", "", told)  # chance may write any word
        assert not re.search(words, told.lower())


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode()


def test_until_when_is_what_holds_for_somebody_who_is_invited_now(make_lab):
    window = "    window: {before: P0D, after: P14D}\n"
    lab = make_lab({window: f"{window}    expires: {{unopened: P2D}}\n"})
    person = lab.enrol()
    lab.clockwork.tick()
    (mail,) = lab.transport.mails
    assert "4 February 2026, 11:00" in mail.body
    assert lab.assessment(person, "w0").expires_at == lab.now + timedelta(days=2)


def test_times_are_told_by_the_clock_that_the_reader_lives_by(lab):
    person = lab.enrol()
    lab.act(person, travel.change_zone, zone="America/New_York", actor="test")
    lab.clockwork.tick()
    assert "16 February 2026, 03:00" in lab.transport.mails[0].body


def by_sms(lab, person: int, phone: str | None) -> Sms:
    """Return an invitation as it would go by SMS."""
    with lab.database.writing() as session:
        participant, contact = (
            session.get_one(Participant, person),
            session.get_one(Contact, person),
        )
        if phone is not None:
            contact.phone = lab.keys.encrypt(Purpose.CONTACT, phone.encode(), participant.public_id)
        message = session.exec(select(Message).where(Message.kind == "invitation")).one()
        message.channel = "sms"
        due = Due(
            message=message,
            study=session.get_one(Study, participant.study_id),
            participant=participant,
            assessment=session.get_one(Assessment, message.assessment_id),
            contact=contact,
            staff=None,
        )
        return letters.compose(session, due, keys=lab.keys, base_url=BASE_URL, now=lab.now)


def test_an_sms_is_short_and_says_where_until_when_and_how_to_stop(lab):
    person = lab.enrol()
    sms = by_sms(lab, person, "+905551234567")
    assert sms.recipient == "+905551234567"
    assert link_to(lab, person, "w0") in sms.text
    assert "16 February 2026, 11:00" in sms.text
    assert sms.text.endswith("\nTo stop messages, open the link.")
    assert len(sms.text) <= 250


def test_an_sms_needs_a_number(lab):
    with pytest.raises(NotFoundError, match="no number"):
        by_sms(lab, lab.enrol(), None)


def test_the_invitation_to_a_listed_wave_brings_its_entry_and_no_reminder_does(texted):
    person = texted.enrol()
    for _ in range(10):
        texted.wait(days=1)
    first, *others = texted.transport.mails
    (entry,) = first.attachments
    assert (entry.filename, entry.content_type) == ("questionnaire.ics", "text/calendar")
    text = unfolded(entry.content)
    assert "DTSTART:20260202T080000Z\r\nDTEND:20260216T080000Z\r\n" in text
    assert "SUMMARY:Questionnaire\r\n" in text
    assessment = texted.assessment(person, "w0")
    for secret in (assessment.uid, "/l/", BASE_URL, texted.slug, "w0"):
        assert secret not in text
    assert [mail.attachments for mail in others] == [(), ()]


def test_an_entry_keeps_its_name_when_the_window_moves(lab):
    person = lab.enrol()
    participant = lab.participant(person)
    before = lab.assessment(person, "w0")
    after = lab.assessment(person, "w0")
    after.closes_at += timedelta(days=1)
    uids = {
        re.findall(r"UID:(\S+)", unfolded(content))[0]
        for content in (
            calendar.of_assessment(
                before, before.closes_at, participant, keys=lab.keys, now=lab.now
            ),
            calendar.of_assessment(after, after.closes_at, participant, keys=lab.keys, now=lab.now),
        )
    }
    assert len(uids) == 1


def test_a_participant_s_calendar_holds_what_is_ahead(lab):
    person = lab.randomise()
    with lab.database.reading() as session:
        participant = session.get_one(Participant, person)
        content = calendar.of_participant(session, participant, keys=lab.keys, now=lab.now)
        some = calendar.of_participant(
            session, participant, keys=lab.keys, now=lab.now, waves=["w3"]
        )
    assert unfolded(content).count("BEGIN:VEVENT") == 4  # the baseline is done
    assert unfolded(some).count("BEGIN:VEVENT") == 1
    with lab.database.reading() as session:
        none = {"keys": lab.keys, "now": lab.now, "waves": ["w0"]}
        assert calendar.of_participant(session, participant, **none) is None


def test_the_copy_of_the_consent_brings_the_entries_of_the_listed_waves_that_are_planned(texted):
    texted.consent(texted.screen(), copy=True)
    texted.clockwork.tick()
    (copy,) = [mail for mail in texted.transport.mails if mail.unsubscribe is None]
    (entry,) = copy.attachments
    assert unfolded(entry.content).count("BEGIN:VEVENT") == 1


def test_no_calendar_goes_along_with_waves_that_are_not_listed(lab):
    lab.consent(lab.screen(), copy=True)
    lab.clockwork.tick()
    assert [mail.attachments for mail in lab.transport.mails] == [(), ()]

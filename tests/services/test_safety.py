"""Alerts: raised as answers come, once; told to the right people; looked after by one of them."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pandas as pd
import pytest
from factories.alarming import PAGES, RESTED, RULES, WORN, AlarmingLab
from sqlmodel import select

from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.services import assessment as assessments
from longwave.services import audit, erasure, safety
from longwave.services.delivery_log import read_log
from longwave.services.events import read_events
from longwave.services.export import export_study
from longwave.services.study import get_study
from longwave.storage import due
from longwave.storage.tables import Alert, Event, Message, Participant

HOUR = timedelta(hours=1)
OWNER = Viewer("owner", Role.OWNER, blinded=False)


@pytest.fixture
def make(database_url):
    opened = []

    def made(rules=RULES, **how):
        opened.append(AlarmingLab(database_url, rules, **how))
        return opened[-1]

    yield made
    for lab in opened:
        lab.close()


@pytest.fixture
def lab(make):
    return make()


@pytest.fixture
def person(lab):
    """Somebody in the north, with a team that has a coordinator there and an owner."""
    lab.employ("north", Role.COORDINATOR, site="north")
    lab.employ("owner", Role.OWNER)
    return lab.came()


# --- raised --------------------------------------------------------------------------------------


def test_the_answer_that_completes_a_score_raises_an_alert_at_once(lab, person):
    lab.answer(person, {"r1": "5", "r2": "1"})
    assert lab.alerts() == []
    lab.now += HOUR
    lab.answer(person, {"r3": "5"})
    assert lab.alerts() == [(person, "worn")]
    (alert,) = lab.rows(Alert)
    assert (alert.raised_at, alert.escalates_at) == (lab.now, lab.now + 2 * HOUR)


def test_answers_that_are_well_raise_nothing(lab, person):
    lab.answer(person, RESTED)
    lab.answer(person, {"hours": "80", "shift": "day"}, "load")
    assert lab.alerts() == []


def test_a_rule_over_answers_looks_at_what_is_known(lab, person):
    lab.answer(person, {"hours": "75"}, "load")
    assert lab.alerts() == []  # the shift is not known
    lab.answer(person, {"shift": "night"}, "load")
    assert lab.alerts() == [(person, "nights")]


def test_a_rule_is_raised_once_whatever_is_answered_afterwards(lab, person):
    lab.answer(person, WORN)
    lab.answer(person, RESTED)
    lab.answer(person, WORN)
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        assessments.save_page(session, found, "rest", WORN, now=lab.now)
        load = {"l1": "1", "hours": "75", "shift": "night"}
        assessments.save_page(session, found, "load", load, now=lab.now)
        assessments.submit(session, found, keys=lab.keys, now=lab.now)
    assert lab.alerts() == [(person, "worn"), (person, "nights")]
    assert lab.told() == ["north", "north"]


def test_the_next_assessment_raises_its_own(lab, person):
    lab.finish(person, WORN)
    lab.wait(days=28)
    lab.begin(person, "w1")
    lab.answer(person, WORN, wave="w1")
    assert lab.alerts() == [(person, "worn")] * 2


def test_a_rule_holds_at_its_waves_alone(make):
    lab = make(RULES.replace("    show: help\n", "    show: help\n    waves: [w1]\n"))
    person = lab.came()
    lab.answer(person, WORN)
    assert lab.alerts() == []


def test_a_page_is_looked_at_when_it_is_sent(lab, person):
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        assessments.save_page(session, found, "rest", WORN, now=lab.now)
    assert lab.alerts() == [(person, "worn")]


def test_two_saves_at_once_raise_one_alert(lab, person):
    for _ in range(4):
        who = lab.came()
        lab.answer(who, {"r1": "5", "r2": "1", "r3": "2"})
        barrier, failed = threading.Barrier(3), []

        def save(value, who=who, barrier=barrier, failed=failed):
            barrier.wait()
            try:
                with lab.database.writing() as session:
                    lab.save(session, who, "rest", "r3", value)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=save, args=(value,)) for value in "545"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert lab.alerts().count((who, "worn")) == 1
    assert lab.told() == ["north"] * 4


@pytest.fixture
def alter():
    """Give a function that alters a part of a protocol, which other tests share, for this test."""
    altered = []

    def change(part, name, value):
        altered.append((part, name, getattr(part, name)))
        object.__setattr__(part, name, value)

    yield change
    for part, name, value in reversed(altered):
        object.__setattr__(part, name, value)


@pytest.fixture
def lenient(lab, alter):
    """Let a score of the page about rest need two of its three items."""
    (scale,) = lab.protocol.instruments["rest"].scales
    alter(scale, "minimum_answered", 0.6)


@pytest.mark.parametrize("how", ["closes", "stops", "submits"])
@pytest.mark.usefixtures("lenient")
def test_a_score_of_what_there_is_counts_once_no_more_is_to_come(lab, person, how):
    lab.answer(person, {"r1": "5", "r2": "1"})
    assert lab.alerts() == []
    if how == "closes":
        lab.wait(days=15)
        assert lab.statuses(person)["w0"] == "partial"
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        if how == "stops":
            safety.look(session, found, at_the_end=True, now=lab.now)
        if how == "submits":
            assessments.submit(session, found, keys=lab.keys, now=lab.now)
    assert lab.alerts() == [(person, "worn")]
    assert lab.told() == ["north"]
    lab.clockwork.dispatch()
    assert len(lab.mails_to(["north"])) == 1


# --- told ----------------------------------------------------------------------------------------


def test_the_notice_goes_first_at_night_too_and_tells_no_answer(lab, person):
    lab.now = lab.now.replace(hour=1)  # four in the morning in Istanbul
    lab.answer(person, WORN)
    (notice,) = [row for row in lab.rows(Message) if row.kind == "safety_alert"]
    assert (notice.priority, notice.due_at, notice.at_once) == (0, lab.now, True)
    lab.clockwork.dispatch()
    (body,) = lab.mails_to(["north"])
    public_id = lab.participant(person).public_id
    assert public_id in body
    assert "the site north" in body
    assert "2 February 2026, 04:00 (Europe/Istanbul)" in body
    assert "https://study.example/console/small-trial/alerts" in body
    subject = lab.transport.mails[-1].subject
    for word in ("worn", "rest", "r1", "5", "active", "waitlist"):
        assert word not in subject
        assert f" {word} " not in body


def test_only_those_at_the_site_are_told_and_owners_where_there_is_nobody(lab, person):
    lab.employ("everywhere", Role.COORDINATOR)
    lab.employ("analyst", Role.ANALYST)
    lab.answer(person, WORN)
    assert sorted(lab.told()) == ["everywhere", "north"]
    elsewhere = lab.came("south")
    lab.answer(elsewhere, WORN)
    assert sorted(lab.told()) == ["everywhere", "everywhere", "north"]


def test_owners_are_told_where_nobody_has_the_role(lab, person):
    lab.answer(lab.came("south"), WORN)
    assert lab.told() == ["owner"]


def test_an_alert_stands_even_if_there_is_nobody_to_tell(lab):
    person = lab.came()
    lab.answer(person, WORN)
    assert (lab.alerts(), lab.told()) == ([(person, "worn")], [])


HOURS = """hours: {from: "08:00", to: "10:00", days: [tue]}, out_of_hours: {role: owner}, """


def test_out_of_hours_somebody_else_is_told_as_well(make):
    lab = make(RULES.replace("within: PT2H, escalate", f"{HOURS}escalate"))
    lab.employ("north", Role.COORDINATOR)
    lab.employ("owner", Role.OWNER)
    lab.answer(lab.came(), WORN)  # on a Monday
    assert sorted(lab.told()) == ["north", "owner"]
    lab.now = lab.now + timedelta(days=1) - 2 * HOUR  # nine on Tuesday in Istanbul
    lab.answer(lab.came(), WORN)
    assert sorted(lab.told()) == ["north", "north", "owner"]


# --- reminded ------------------------------------------------------------------------------------


def test_those_who_were_told_are_reminded_and_others_told_until_it_ends(lab, person):
    lab.answer(person, WORN)
    told = []
    for _ in range(12):
        lab.wait(hours=1)
        told.append(len(lab.told()))
    # one at once; reminders after 2, 4 and 6 hours, the last to the owner too; owner after 5
    assert told == [1, 2, 2, 3, 5, 7, 7, 7, 7, 7, 7, 7]
    assert [body.count("this is reminder") for body in lab.mails_to(["north"])] == [0, 1, 1, 1, 1]
    (alert,) = lab.rows(Alert)
    assert (alert.escalations, alert.escalates_at) == (4, None)


def test_what_fell_due_during_an_outage_is_said_once(lab, person):
    lab.answer(person, WORN)
    lab.wait(days=3)
    assert sorted(lab.told()) == ["north", "north", "owner"]
    assert [event.payload["escalated"] for event in lab.events("safety.reminded")] == [True]


def test_the_clock_that_jumps_knows_when_a_reminder_is_due(lab, person):
    lab.answer(person, WORN)
    with lab.database.reading() as session:
        assert due.next_due(session, after=lab.now).sweep == lab.now + 2 * HOUR


# --- looked after --------------------------------------------------------------------------------


def shown(lab, viewer=OWNER, **how):
    with lab.database.reading() as session:
        return safety.read_alerts(session, get_study(session, lab.slug), viewer, **how)


def acknowledge(lab, name, viewer=OWNER, note="called"):
    with lab.database.writing() as session:
        study = get_study(session, lab.slug)
        safety.acknowledge(
            session, study, name, note=note, viewer=viewer, keys=lab.keys, now=lab.now
        )


def test_whoever_looks_after_an_alert_says_what_was_done(lab, person):
    lab.answer(person, WORN)
    (alert,) = shown(lab)
    assert alert.name == f"{lab.participant(person).public_id}.worn.1"
    assert (alert.site, alert.rule, alert.next_at) == ("north", "worn", lab.now + 2 * HOUR)
    lab.now += HOUR
    acknowledge(lab, alert.name, note=" called, sees her doctor ")
    assert shown(lab) == []
    (after,) = shown(lab, acknowledged=True)
    assert (after.note, after.acknowledged_by) == ("called, sees her doctor", "owner")
    lab.wait(days=2)
    assert lab.told() == ["north"]


def test_an_alert_is_acknowledged_once_and_with_a_note(lab, person):
    lab.answer(person, WORN)
    (alert,) = shown(lab)
    with pytest.raises(InvalidInputError, match="note is missing"):
        acknowledge(lab, alert.name, note=" ")
    acknowledge(lab, alert.name)
    with pytest.raises(RefusedTransitionError, match="owner acknowledged"):
        acknowledge(lab, alert.name)
    with pytest.raises(NotFoundError, match="no such alert"):
        acknowledge(lab, "nobody.worn.1")


def test_alerts_are_those_of_ones_sites(lab, person):
    lab.answer(person, WORN)
    (alert,) = shown(lab)
    south = Viewer("south", Role.COORDINATOR, blinded=False, sites=frozenset({"south"}))
    assert shown(lab, south) == []
    with pytest.raises(NotFoundError):
        acknowledge(lab, alert.name, south)
    for role in (Role.ANALYST, Role.MONITOR):
        with pytest.raises(NotAllowedError):
            acknowledge(lab, alert.name, Viewer("x", role, blinded=False))
    north = Viewer("north", Role.FACILITATOR, blinded=False, sites=frozenset({"north"}))
    acknowledge(lab, alert.name, north)


def test_the_blinded_see_no_note_since_whoever_wrote_it_may_have_known_the_arm(lab, person):
    lab.answer(person, WORN)
    (alert,) = shown(lab)
    acknowledge(lab, alert.name, note="in the programme since May")
    blinded = Viewer("blinded", Role.COORDINATOR, blinded=True)
    assert [found.note for found in shown(lab, blinded, acknowledged=True)] == [None]


# --- a wave that tells the arm -------------------------------------------------------------------


def in_the_programme(lab):
    """Let people come until one is in the arm that begins at once, and has come to its wave."""
    while True:
        person = lab.came()
        lab.finish(person, RESTED)
        if lab.participant(person).programme == "on":
            lab.wait(days=8)
            lab.begin(person, "p1")
            return person


def test_an_alert_that_would_tell_an_arm_goes_to_those_who_see_the_arms(make):
    lab = make(early=True)
    lab.employ("blinded", Role.COORDINATOR, blinded=True)
    lab.employ("seeing", Role.FACILITATOR)
    person = in_the_programme(lab)
    lab.answer(person, WORN, wave="p1")
    assert lab.told() == ["seeing"]
    assert [found.rule for found in shown(lab)] == ["worn"]
    assert shown(lab, Viewer("blinded", Role.COORDINATOR, blinded=True, staff_id=1)) == []


def test_safety_goes_before_blinding_where_there_is_nobody_else(make):
    lab = make(early=True)
    blinded = lab.employ("blinded", Role.COORDINATOR, blinded=True)
    person = in_the_programme(lab)
    lab.answer(person, WORN, wave="p1")
    assert lab.told() == ["blinded"]
    viewer = Viewer("blinded", Role.COORDINATOR, blinded=True, staff_id=blinded)
    (alert,) = shown(lab, viewer)
    acknowledge(lab, alert.name, viewer)
    other = Viewer("other", Role.COORDINATOR, blinded=True, staff_id=blinded + 1)
    assert shown(lab, other, acknowledged=True) == []


def test_the_blinded_see_no_notice_about_a_wave_that_tells_the_arm(make):
    lab = make(early=True)
    lab.employ("seeing", Role.OWNER)
    person = in_the_programme(lab)
    lab.answer(person, WORN, wave="p1")
    lab.clockwork.dispatch()
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        kinds = {}
        for blinded in (False, True):
            viewer = Viewer("x", Role.OWNER, blinded=blinded)
            lines, _ = read_log(session, study, viewer)
            page = read_events(session, study, viewer, keys=lab.keys, after="", limit=500)
            kinds[blinded] = {line.kind for line in lines} | {event.kind for event in page.events}
            steps = [event.payload.get("step", "") for event in page.events]
            assert any("alert" in step for step in steps) is not blinded
    assert {"safety_alert", "safety.alert"} <= kinds[False]
    assert not {"safety_alert", "safety.alert"} & kinds[True]


# --- proved, erased ------------------------------------------------------------------------------


def verified(lab):
    lab.clockwork.seal()
    with lab.database.reading() as session:
        report = audit.verify(session, keys=lab.keys)
    return [str(finding) for finding in report.findings]


def test_the_trail_proves_alerts_and_tells_no_rule(lab, person):
    lab.answer(person, WORN)
    lab.wait(hours=3)
    (alert,) = shown(lab)
    acknowledge(lab, alert.name, note="called")
    assert verified(lab) == []
    told = [event for event in lab.rows(Event) if event.kind.startswith("safety.")]
    assert [event.kind for event in told] == [
        "safety.alert",
        "safety.reminded",
        "safety.acknowledged",
    ]
    for event in told:
        assert "worn" not in str(event.payload)
        assert "called" not in str(event.payload)
    assert "worn" not in str([row.step for row in lab.rows(Message)])


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"rule": "nights"}, "its rule is not the one"),
        ({"raised_at": None}, "what became of it"),
        ({"escalations": 3}, "what became of it"),
        ({"acknowledged_by": "somebody"}, "what became of it"),
        (None, "the table does not hold it"),
    ],
)
def test_what_is_changed_behind_the_trail_is_found(lab, person, change, finding):
    lab.answer(person, WORN)
    with lab.database.writing() as session:
        row = session.exec(select(Alert)).one()
        if change is None:
            session.delete(row)
        for name, value in (change or {}).items():
            setattr(row, name, lab.now - HOUR if name == "raised_at" else value)
    (found,) = verified(lab)
    assert finding in found


def test_erasure_takes_the_alerts_along(lab, person):
    lab.answer(person, WORN)
    (alert,) = shown(lab)
    acknowledge(lab, alert.name)
    with lab.database.writing() as session:
        who = session.get_one(Participant, person)
        erasure.erase(session, who, reason="asked", viewer=OWNER, now=lab.now)
    assert lab.rows(Alert) == []
    assert shown(lab, acknowledged=True) == []
    assert verified(lab) == []


# --- help ----------------------------------------------------------------------------------------


def help_of(lab, person):
    with lab.database.reading() as session:
        found = lab._assessment(session, person, "w0")
        who = session.get_one(Participant, person)
        return safety.help_of(session, found, who, lab.protocol, now=lab.now)


def test_help_is_what_the_answers_asked_for_and_else_all_there_is(lab, person):
    assert not help_of(lab, person).is_asked_for
    assert help_of(lab, person).pages == (PAGES["help"], PAGES["nights"])
    lab.answer(person, WORN)
    assert help_of(lab, person).is_asked_for
    assert help_of(lab, person).pages == (PAGES["help"],)


@pytest.mark.parametrize(
    ("zone", "page"),
    [("Europe/Berlin", "nights_de"), ("Europe/Istanbul", "nights"), ("UTC", "nights")],
)
def test_help_is_that_of_the_country_in_which_the_time_zone_lies(lab, person, zone, page):
    with lab.database.writing() as session:
        session.get_one(Participant, person).zone = zone
    assert PAGES[page] in help_of(lab, person).pages


def test_the_country_of_the_site_goes_before_that_of_the_zone(lab, person, alter):
    alter(lab.protocol.sites["north"], "country", "DE")
    assert PAGES["nights_de"] in help_of(lab, person).pages


def test_what_is_said_out_of_hours_is_said_to_whoever_answered_then(make):
    message = """out_of_hours: {message: {en: Nobody looks now., tr: Kimse bakmıyor.}}, """
    hours = HOURS.replace("out_of_hours: {role: owner}, ", message)
    lab = make(RULES.replace("within: PT2H, escalate", f"{hours}escalate"))
    first = lab.came()
    lab.answer(first, WORN)
    assert help_of(lab, first).messages == ({"en": "Nobody looks now.", "tr": "Kimse bakmıyor."},)
    lab.now = lab.now + timedelta(days=1) - 2 * HOUR
    second = lab.came()
    lab.answer(second, WORN)
    assert help_of(lab, second).messages == ()


# --- exported ------------------------------------------------------------------------------------


def export(lab, folder, **how):
    with lab.database.writing() as session:
        export_study(session, lab.slug, folder, viewer=OWNER, now=lab.now, **how)
    return pd.read_csv(folder / "co_interventions.csv")


def test_alerts_are_exported_as_co_interventions(lab, person, tmp_path):
    lab.answer(person, WORN)
    lab.now += timedelta(days=1)
    lab.answer(person, {"hours": "75", "shift": "night"}, "load")
    name = f"{lab.participant(person).public_id}.worn.1"
    acknowledge(lab, name, note="called at home")
    frame = export(lab, tmp_path / "data")
    assert list(frame.columns) == [
        *("participant_id", "wave", "wave_order", "occurrence", "kind", "rule", "day"),
        *("acknowledged", "acknowledged_day"),
    ]
    assert list(frame.fillna(-1).itertuples(index=False, name=None)) == [
        (name.partition(".")[0], "w0", 0, 1, "alert", "nights", 1, 0, -1),
        (name.partition(".")[0], "w0", 0, 1, "alert", "worn", 0, 1, 1),
    ]
    manifest = json.loads((tmp_path / "data" / "manifest.json").read_text())
    assert manifest["cut_off"].startswith("2026-02-03T08:00")
    book = json.loads((tmp_path / "data" / "codebook.json").read_text())
    assert [rule["rule"] for rule in book["safety_rules"]] == ["worn", "nights"]
    for path in (tmp_path / "data").iterdir():
        assert b"called at home" not in path.read_bytes()


def test_a_blinded_export_has_the_alerts_of_the_waves_that_everybody_has(make, tmp_path):
    lab = make(early=True)
    person = in_the_programme(lab)
    lab.answer(person, WORN, wave="p1")
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "p1")
        assessments.submit(session, found, keys=lab.keys, now=lab.now)
    other = lab.came()
    lab.answer(other, WORN)
    assert list(export(lab, tmp_path / "blinded").wave) == ["w0"]
    whole = export(lab, tmp_path / "whole", unblinded=True, reason="r")
    assert sorted(whole.wave) == ["p1", "w0"]

"""People who answer questions of every kind, page by page and item by item."""

from __future__ import annotations

from longwave.services import assessment as assessments

ABOUT = {"role": "nurse", "ward": "Ward 4", "works_nights": "no"}
TRAIT_ANSWERS = {"t1": "4", "t2": "4", "t3": "4", "t4": "4", "t5": "2", "t6": "4"}
EVENING = {"tired": "45", "slept_at": "22:30", "hours": "7.5", "check": "blue", "agree": "1"}


def come(lab):
    found = lab.enrol(site="north", answers={"age": "34", "licensed": "yes"})
    lab.begin(found, "w0")
    return found


def save(lab, person, values, instrument="about", revision=None):
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        return assessments.save_page(
            session, found, instrument, values, revision=revision, now=lab.now
        )


def save_one(lab, person, item, value, instrument="about", revision=None):
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        return assessments.save_item(
            session, found, instrument, item, value, revision=revision, now=lab.now
        )


def submit(lab, person):
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        assessments.submit(session, found, keys=lab.keys, now=lab.now)

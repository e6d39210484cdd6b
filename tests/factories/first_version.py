"""A database as the first version left it: every table has rows, and none is changed by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import MetaData, insert

from factories.small_trial import FILES, SLUG
from longwave.domain.protocol import read_protocol
from longwave.domain.randomisation import SealedSettings, allocation_list
from longwave.keys import KeyRing, Purpose, token_hash
from longwave.storage.database import Database

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
KEYS = KeyRing("first version's secret key, of forty bytes")
TOKEN = "a token of the first version"
SETTINGS = json.dumps(
    {"block_sizes": [4], "ratio": {"active": 1, "waitlist": 1}, "seed": "5a" * 32},
    sort_keys=True,
)
"""Sealed settings in the form that the first version wrote."""

STRATUM = "site=north"
ARMS = list(islice(allocation_list(SealedSettings.from_json(SETTINGS), STRATUM), 4))


def populate(url: str) -> dict[str, list[dict[str, object]]]:
    """Fill every table of a database at the first revision; return the rows, by table."""
    rows = {
        "heartbeat": [{"name": "tick", "at": LATER}],
        "staff": _staff(),
        "study": [_study()],
        "protocol_version": [_version()],
        "participant": [_participant(number, arm) for number, arm in enumerate(ARMS, 1)]
        + [{**_participant(5, None), "stage": "screened", "enrolled_at": None}],
        "contact": [_contact(number) for number in range(1, 5)],
        "consent": [_consent(number) for number in range(1, 5)],
        "allocation": [_allocation(number, arm) for number, arm in enumerate(ARMS, 1)],
        "assessment": [
            found for number in range(1, 5) for found in _assessments(number, opened=number < 4)
        ],
        "answer": [found for number in range(1, 5) for found in _answers(number)],
        "message": [_message(number) for number in range(1, 5)],
        "attempt": [_attempt(number) for number in range(1, 5)],
        "event": [
            _event(1, "study.opened", None, _opened()),
            *(
                _event(1 + number, "participant.randomised", number, _allocated(number, arm))
                for number, arm in enumerate(ARMS, 1)
            ),
        ],
        "seal": [
            {"number": 1, "first_event": 1, "last_event": 1, "head": "ab" * 32, "sealed_at": LATER}
        ],
    }
    database = Database(url)
    metadata = MetaData()
    metadata.reflect(database.engine)
    empty = set(metadata.tables) - set(rows) - {"alembic_version"}
    assert not empty, f"the first version had these tables too: {empty}"
    with database.engine.begin() as connection:
        for name, content in rows.items():
            connection.execute(insert(metadata.tables[name]), content)
            if connection.dialect.name == "postgresql" and "id" in metadata.tables[name].c:
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {len(content)})"
                )
    database.close()
    return rows


def _staff():
    return [
        {
            "id": number,
            "email": email,
            "role": role,
            "blinded": blinded,
            "token_hash": token_hash(token),
            "added_at": NOW,
            "expires_at": NOW + timedelta(days=90),
        }
        for number, (email, role, blinded, token) in enumerate(
            [
                ("owner@first.example", "owner", False, TOKEN),
                ("analyst@first.example", "analyst", True, f"{TOKEN}, blinded"),
            ],
            1,
        )
    ]


def _study():
    return {
        "id": 1,
        "slug": SLUG,
        "mode": "trial_run",
        "state": "open",
        "added_at": NOW,
        "opened_at": NOW,
        "sealed": KEYS.encrypt(Purpose.SEALED, SETTINGS.encode(), SLUG),
        "commitment": SealedSettings.from_json(SETTINGS).commitment(),
    }


def _version():
    return {
        "id": 1,
        "study_id": 1,
        "number": 1,
        "hash": read_protocol(FILES).hash,
        "files": {name: content.decode() for name, content in FILES.items()},
        "added_at": NOW,
    }


def _participant(number, arm):
    crossed = arm == "waitlist" and number == 1 + ARMS.index("waitlist")
    return {
        "id": number,
        "study_id": 1,
        "public_id": f"PERSON{number}",
        "site": "north",
        "language": "en",
        "zone": "Europe/Istanbul",
        "stage": "randomised",
        "programme": "on" if arm == "active" or crossed else "not_started",
        "follow_up": "active",
        "messages": "on",
        "screening": {"age": 34.0, "licensed": "yes"},
        "ineligible_reason": None,
        "stratum": STRATUM if arm else None,
        "screened_at": NOW,
        "enrolled_at": NOW,
        "randomised_at": NOW + timedelta(hours=number) if arm else None,
        "crossover_at": LATER if crossed else None,
        "withdrawn_at": None,
    }


def _contact(number):
    return {
        "participant_id": number,
        "study_id": 1,
        "name": b"sealed name",
        "email": b"sealed address",
        "digest": f"{number:064x}",
    }


def _consent(number):
    return {
        "id": number,
        "participant_id": number,
        "version": "1.0",
        "language": "en",
        "document_hash": "cd" * 32,
        "statements": {"read": True, "share": False},
        "signed_at": NOW,
    }


def _allocation(number, arm):
    return {
        "id": number,
        "study_id": 1,
        "participant_id": number,
        "list": STRATUM,
        "position": number - 1,
        "arm": arm,
        "allocated_at": NOW + timedelta(hours=number),
    }


def _assessments(number, *, opened):
    for place, (wave, status) in enumerate((("w0", "completed"), ("w1", "scheduled"))):
        done = status == "completed"
        at = NOW + timedelta(days=28 * place)
        yield {
            "id": 2 * number - 1 + place,
            "study_id": 1,
            "participant_id": number,
            "protocol_version_id": 1,
            "wave": wave,
            "occurrence": 1,
            "status": status,
            "mode": "self",
            "uid": f"uid-{number}-{wave}",
            "token_hash": token_hash(f"link-{number}-{wave}"),
            "due_wall": "2026-03-02T11:00",
            "zone": "Europe/Istanbul",
            "opens_at": at,
            "due_at": at,
            "closes_at": at + timedelta(days=14),
            "opened_at": NOW + timedelta(minutes=number) if done and opened else None,
            "started_at": NOW + timedelta(minutes=9) if done else None,
            "submitted_at": NOW + timedelta(hours=number) if done else None,
            "closed_at": NOW + timedelta(hours=number) if done else None,
            "revision": 2 if done else 0,
        }


def _answers(number):
    for item, value, reason in (("r1", "4", None), ("r2", None, "refused"), ("r3", "1", None)):
        yield {
            "assessment_id": 2 * number - 1,
            "instrument": "rest",
            "item": item,
            "value": value,
            "missing_reason": reason,
            "saved_at": NOW,
        }


def _message(number):
    return {
        "id": number,
        "study_id": 1,
        "participant_id": number,
        "assessment_id": 2 * number - 1,
        "kind": "invitation",
        "step": "w0:invitation",
        "occurrence": 1,
        "channel": "email",
        "state": "sent",
        "mail_id": f"{number}@longwave",
        "attempts": 1,
        "at_once": True,
        "due_at": NOW,
        "queued_at": NOW,
        "lease_until": None,
        "settled_at": NOW,
    }


def _attempt(number):
    return {
        "id": number,
        "message_id": number,
        "number": 1,
        "started_at": NOW,
        "finished_at": NOW,
        "outcome": "sent",
        "detail": "",
    }


def _event(number, kind, participant, payload):
    hours = number - 1 if participant else 0
    return {
        "id": number,
        "study_id": 1,
        "participant_id": participant,
        "kind": kind,
        "actor": "clockwork",
        "at": NOW + timedelta(hours=hours),
        "payload": payload,
    }


def _opened():
    commitment = SealedSettings.from_json(SETTINGS).commitment()
    return {"mode": "trial_run", "hash": read_protocol(FILES).hash, "commitment": commitment}


def _allocated(number, arm):
    return {"list": STRATUM, "position": number - 1, "arm": arm}

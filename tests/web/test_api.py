"""The API: what the console shows, to programs that bring a token."""

from __future__ import annotations

import pytest

STUDY = "/api/v1/studies/small-trial"
PATHS = ("/api/v1/studies", STUDY, f"{STUDY}/participants")


def client(site, token):
    return site.browser(authorization=f"Bearer {token}")


@pytest.fixture
def owner(site):
    return client(site, site.token)


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/studies/nothing"])
@pytest.mark.parametrize("header", [None, "Bearer guess", "Bearer", "Basic eDp5", "Bearer é"])
def test_a_stranger_gets_401_as_json_and_never_a_redirect(site, path, header):
    headers = {} if header is None else {"authorization": header.encode()}
    answer = site.browser().get(path, headers=headers)
    assert (answer.status_code, answer.history) == (401, [])
    assert set(answer.json()["error"]) == {"message", "remedy", "fields"}
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_signed_in_browser_is_a_stranger_too(site):
    assert site.staff_browser().get(STUDY).status_code == 401


def test_an_expired_token_is_unknown(site, owner):
    assert owner.get(STUDY).status_code == 200
    site.wait(days=100)
    assert owner.get(STUDY).status_code == 401


def test_studies_and_participants_are_told(site, owner):
    person = site.enrol()
    site.complete(person)
    assert [study["slug"] for study in owner.get("/api/v1/studies").json()] == ["small-trial"]
    study = owner.get(STUDY).json()
    assert (study["enrolled"], study["randomised"], study["mode"]) == (1, 1, "trial_run")
    assert {arm["arm"] for arm in study["arms"]} == {"active", "waitlist"}
    (row,) = owner.get(f"{STUDY}/participants").json()["participants"]
    assert row["public_id"] == site.participant(person).public_id
    assert row["arm"] in ("active", "waitlist")
    assert row["waves"]["w0"] == "completed"


def test_the_blinded_get_no_arm(site):
    site.complete(site.enrol())
    blinded = client(site, site.blinded_token)
    assert blinded.get(STUDY).json()["arms"] is None
    rows = blinded.get(f"{STUDY}/participants")
    assert rows.json()["participants"][0]["arm"] is None
    for path in PATHS:
        assert "waitlist" not in blinded.get(path).text


def test_participants_come_in_parts(site, owner):
    for _ in range(3):
        site.enrol()
    part = owner.get(f"{STUDY}/participants", params={"offset": 2, "limit": 2}).json()
    assert (part["total"], part["offset"], len(part["participants"])) == (3, 2, 1)


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "offset=-1", "limit=x"])
def test_a_parameter_out_of_range_is_named(owner, query):
    answer = owner.get(f"{STUDY}/participants?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["error"]["fields"]


def test_what_is_not_there_is_told_as_json(owner):
    for path in ("/api/v1/studies/nothing", "/api/v1/nothing"):
        answer = owner.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"]
    assert owner.post(STUDY).status_code == 405


@pytest.mark.parametrize("act", ["unblinding", "lost"])
@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x7f"])
def test_what_nobody_can_write_or_read_is_no_reason(site, owner, act, letter):
    person = site.enrol()
    site.complete(person)
    path = f"{STUDY}/participants/{site.participant(person).public_id}/{act}"
    answer = owner.post(path, json={"reason": f"admitted {letter} to hospital"})
    assert answer.status_code == 422 and set(answer.json()["error"]["fields"]) == {"reason"}
    assert owner.post(path, json={"reason": "admitted\nto hospital"}).status_code < 300

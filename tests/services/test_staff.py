"""Staff: several roles, several tokens, each for a study, a site, a purpose, a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.small_trial import FILES, SLUG

from longwave.domain.errors import InvalidInputError, NotAllowedError, NotFoundError
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import Action, Scope
from longwave.services import staff
from longwave.services import study as studies
from longwave.services.staff import TOKEN_LIFE, authenticate
from longwave.storage import staff as staff_rows
from longwave.storage.tables import Event, Staff, StaffToken

ADDRESS = "a@lab.example"


@pytest.fixture
def lab(lab):
    """The lab with a second study."""
    with lab.database.writing() as session:
        studies.add_study(session, FILES, actor="test", now=lab.now)
    return lab


def add(lab, email=ADDRESS, role=Role.ANALYST, *, blinded=True, **how):
    with lab.database.writing() as session:
        return staff.add_staff(session, email, role, blinded=blinded, now=lab.now, **how)[1]


def grant(lab, role, *, blinded=True, **how):
    with lab.database.writing() as session:
        staff.grant_role(session, ADDRESS, role, blinded=blinded, now=lab.now, **how)


def issue(lab, **how):
    with lab.database.writing() as session:
        return staff.issue_token(session, ADDRESS, now=lab.now, label="program", **how)


def who(lab, token, later=timedelta()):
    with lab.database.reading() as session:
        return authenticate(session, token, now=lab.now + later)


def viewer(lab, token, slug=None):
    with lab.database.reading() as session:
        found = authenticate(session, token, now=lab.now)
        return staff.study_for(session, found, slug or lab.slug)[1]


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_tells_who_holds_it(lab):
    token = add(lab, blinded=False)
    assert who(lab, token).name == ADDRESS
    seen = viewer(lab, token)
    assert (seen.name, seen.role, seen.blinded) == (ADDRESS, Role.ANALYST, False)
    assert (seen.sites, seen.staff_id) == (None, who(lab, token).staff_id)


def test_a_wrong_or_expired_token_tells_nothing(lab):
    token = add(lab)
    assert who(lab, token + "x") is None
    assert who(lab, "") is None
    assert who(lab, token, TOKEN_LIFE - timedelta(seconds=1)) is not None
    assert who(lab, token, TOKEN_LIFE) is None


def test_the_database_and_the_trail_hold_no_token(lab):
    token = add(lab)
    for table in (Staff, StaffToken, Event):
        assert all(token not in str(row.model_dump()) for row in lab.rows(table))


def test_a_person_can_have_several_tokens_and_each_ends_by_itself(lab):
    first = add(lab)
    second = issue(lab, scopes=(Scope.READ,), life=timedelta(days=1))
    assert who(lab, first, timedelta(days=2)) is not None
    assert who(lab, second, timedelta(days=2)) is None
    with lab.database.writing() as session:
        assert staff.revoke_tokens(session, ADDRESS, now=lab.now, label="program") == 1
    assert who(lab, second) is None
    assert who(lab, first) is not None


def test_revoking_ends_every_token_and_says_when_there_is_none(lab):
    token = add(lab)
    with lab.database.writing() as session:
        assert staff.revoke_tokens(session, ADDRESS, now=lab.now) == 1
    assert who(lab, token) is None
    with (
        lab.database.writing() as session,
        pytest.raises(NotFoundError, match="no token with the label x"),
    ):
        staff.revoke_tokens(session, ADDRESS, now=lab.now, label="x")


@pytest.mark.parametrize(
    ("scope", "allowed", "refused"),
    [
        (Scope.READ, Action.SEE_TRAIL, Action.EXPORT),
        (Scope.WRITE, Action.FOLLOW_UP, Action.SEE_STUDY),
        (Scope.EXPORT, Action.EXPORT, Action.FOLLOW_UP),
    ],
)
def test_a_token_is_good_for_its_scope_only(lab, scope, allowed, refused):
    add(lab, role=Role.OWNER)
    seen = viewer(lab, issue(lab, scopes=(scope,)))
    assert seen.may(allowed)
    assert not seen.may(refused)
    with pytest.raises(NotAllowedError, match="needs the scope"):
        seen.require(refused)


def test_a_token_can_be_for_one_study_only(lab):
    add(lab)
    token = issue(lab, study=SLUG)
    assert viewer(lab, token, SLUG).role == Role.ANALYST
    with pytest.raises(NotFoundError, match="no study called msc-clinicians"):
        viewer(lab, token)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_lasts_a_day_to_a_year(lab, days):
    add(lab)
    with pytest.raises(InvalidInputError, match="1 to 366 days"):
        issue(lab, life=timedelta(days=days))


def test_a_token_for_nothing_is_refused(lab):
    add(lab)
    with pytest.raises(InvalidInputError, match="needs a scope"):
        issue(lab, scopes=())


# --- roles ---------------------------------------------------------------------------------------


def test_nobody_is_added_twice(lab):
    add(lab)
    with pytest.raises(InvalidInputError, match="already"):
        add(lab)


@pytest.mark.parametrize("email", ["", "a", "@b", "a@", "a b@c", "a@b\n", "a" * 300 + "@b"])
def test_what_is_no_address_is_refused(lab, email):
    with pytest.raises(InvalidInputError, match="no e-mail address"):
        add(lab, email)


def test_several_roles_add_up_and_each_holds_at_its_own_site(lab):
    token = add(lab, role=Role.MONITOR, study=lab.slug)
    grant(lab, Role.COORDINATOR, study=lab.slug, site="ankara")
    seen = viewer(lab, token)
    assert seen.role == Role.COORDINATOR
    assert seen.sites is None
    assert seen.may(Action.SEE_TRAIL)
    seen.require(Action.FOLLOW_UP, site="ankara")
    with pytest.raises(NotAllowedError, match="at ankara only"):
        seen.require(Action.FOLLOW_UP, site="gaziantep")
    with pytest.raises(NotAllowedError, match="every site"):
        seen.require_everywhere(Action.FOLLOW_UP)
    assert seen.sites_for(Action.FOLLOW_UP) == {"ankara"}
    assert seen.sites_for(Action.SEE_TRAIL) is None
    assert seen.sites_for(Action.ERASE) == frozenset()


def test_what_lies_at_another_site_does_not_exist(lab):
    seen = viewer(lab, add(lab, role=Role.COORDINATOR, study=lab.slug, site="ankara"))
    for action in (Action.FOLLOW_UP, Action.ERASE):
        with pytest.raises(NotFoundError, match="at your sites"):
            seen.require(action, site="gaziantep")


def test_whoever_is_blinded_in_one_role_is_blinded(lab):
    token = add(lab, role=Role.OWNER, blinded=False)
    assert viewer(lab, token).sees_arms
    grant(lab, Role.ANALYST, blinded=True, study=lab.slug)
    assert not viewer(lab, token).sees_arms
    assert viewer(lab, token, SLUG).sees_arms


def test_the_blinded_may_do_nothing_that_tells_the_arm(lab):
    seen = viewer(lab, add(lab, role=Role.OWNER, blinded=True))
    for action in (Action.RUN_PROGRAMME, Action.DISCLOSE):
        assert not seen.may(action)
        with pytest.raises(NotAllowedError, match="would tell the arm"):
            seen.require(action)
    seen.require(Action.UNBLIND)


def test_a_study_that_was_not_granted_does_not_exist(lab):
    token = add(lab, study=lab.slug)
    errors = []
    for slug in (SLUG, "nowhere"):
        with pytest.raises(NotFoundError) as caught:
            viewer(lab, token, slug)
        errors.append(str(caught.value).replace(slug, "it"))
    assert errors[0] == errors[1]
    with lab.database.reading() as session:
        granted = staff.studies_for(session, authenticate(session, token, now=lab.now))
    assert [study.slug for study, _ in granted] == [lab.slug]


def test_granting_the_same_role_again_can_only_change_its_blinding(lab):
    token = add(lab, blinded=True)
    with pytest.raises(InvalidInputError, match="has this role already"):
        grant(lab, Role.ANALYST, blinded=True)
    grant(lab, Role.ANALYST, blinded=False)
    assert viewer(lab, token).sees_arms


def test_a_site_needs_its_study_and_must_be_there(lab):
    with pytest.raises(InvalidInputError, match="A site belongs to a study"):
        add(lab, site="ankara")
    with pytest.raises(NotFoundError, match="no site called moon"):
        add(lab, study=lab.slug, site="moon")
    with pytest.raises(NotFoundError, match="no study called nowhere"):
        add(lab, study="nowhere")


def test_who_is_removed_can_do_nothing_until_added_anew(lab):
    token = add(lab, role=Role.OWNER)
    with lab.database.writing() as session:
        staff.remove_staff(session, ADDRESS, now=lab.now)
    assert who(lab, token) is None
    with pytest.raises(NotFoundError, match="no member of staff"):
        issue(lab)
    again = add(lab, role=Role.MONITOR)
    assert who(lab, token) is None
    assert viewer(lab, again).role == Role.MONITOR
    assert not viewer(lab, again).may(Action.ERASE)


def test_staff_are_listed_with_roles_and_good_tokens(lab):
    add(lab)
    grant(lab, Role.MONITOR, study=SLUG, site="north")
    issue(lab, scopes=(Scope.READ,), life=timedelta(days=1))
    with lab.database.reading() as session:
        (member,) = staff.list_staff(session, now=lab.now + timedelta(days=2))
    assert member.email == ADDRESS
    assert [(g.role, g.site) for g in member.grants] == [("analyst", None), ("monitor", "north")]
    assert [token.label for token in member.tokens] == ["sign-in"]


def test_those_who_hold_a_role_in_a_study_are_found(lab):
    add(lab, "all@lab.example", Role.OWNER)
    add(lab, "one@lab.example", Role.OWNER, study=lab.slug)
    add(lab, "other@lab.example", Role.OWNER, study=SLUG)
    add(lab, "gone@lab.example", Role.OWNER)
    with lab.database.writing() as session:
        staff.remove_staff(session, "gone@lab.example", now=lab.now)
    with lab.database.reading() as session:
        study = studies.get_study(session, lab.slug)
        held = staff_rows.holding(session, study.id, Role.OWNER)
    assert [member.email for member in held] == ["all@lab.example", "one@lab.example"]


# --- what belongs to no single study -------------------------------------------------------------


def everywhere(lab, token):
    with lab.database.reading() as session:
        return staff.viewer_everywhere(session, authenticate(session, token, now=lab.now))


def test_what_is_about_every_study_needs_a_role_in_each(lab):
    token = add(lab, role=Role.OWNER, study=lab.slug)
    with pytest.raises(NotAllowedError, match="every study"):
        everywhere(lab, token)
    grant(lab, Role.MONITOR, blinded=False, study=SLUG)
    with pytest.raises(NotAllowedError, match="every study"):
        everywhere(lab, token)
    grant(lab, Role.MONITOR, blinded=False)
    seen = everywhere(lab, token)
    assert (seen.role, seen.blinded) == (Role.MONITOR, True)


def test_every_act_on_staff_is_written_down(lab):
    add(lab)
    issue(lab)
    grant(lab, Role.MONITOR)
    with lab.database.writing() as session:
        staff.revoke_tokens(session, ADDRESS, now=lab.now)
        staff.remove_staff(session, ADDRESS, now=lab.now)
    kinds = [event.kind for event in lab.rows(Event) if event.kind.startswith("staff.")]
    assert kinds == [
        "staff.added",
        "staff.token_issued",
        "staff.token_issued",
        "staff.granted",
        "staff.token_revoked",
        "staff.removed",
    ]
    assert all(ADDRESS not in str(event.payload) for event in lab.rows(Event))

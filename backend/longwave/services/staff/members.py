"""Members of staff: their roles, and the tokens they sign in with."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import Scope
from longwave.keys import token_hash
from longwave.services import audit
from longwave.services.study import current_protocol, get_study
from longwave.storage import staff as staff_rows
from longwave.storage.tables import Staff, StaffGrant, StaffToken
from longwave.storage.tables.base import key

TOKEN_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
SIGN_IN = "sign-in"
_TOKEN_BYTES = 32
_LONGEST_NAME = 254
_SERVER = "cli"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff in a list: the roles, and how many tokens are good now."""

    email: str
    grants: tuple[StaffGrant, ...]
    tokens: tuple[StaffToken, ...]


def add_staff(
    session: Session,
    email: str,
    role: Role,
    *,
    blinded: bool,
    now: datetime,
    study: str | None = None,
    site: str | None = None,
    actor: str = _SERVER,
) -> tuple[Staff, str]:
    """Add a member of staff; return the row and the token, which cannot be shown again.

    Raises
    ------
    InvalidInputError
        If this address is no address, or is on the staff already.
    NotFoundError
        If there is no such study, or no such site in it.
    """
    _check_email(email)
    member = staff_rows.by_email(session, email)
    if member is not None and member.removed_at is None:
        raise InvalidInputError(
            f"{email} is a member of staff already.", "Grant another role to this address instead."
        )
    if member is None:
        member = Staff(email=email, added_at=now)
        session.add(member)
    member.removed_at = None
    session.flush()
    _store_grant(session, member, role, study, site, blinded, "staff.added", actor, now)
    return member, issue_token(session, email, now=now, label=SIGN_IN, actor=actor)


def grant_role(
    session: Session,
    email: str,
    role: Role,
    *,
    blinded: bool,
    now: datetime,
    study: str | None = None,
    site: str | None = None,
    actor: str = _SERVER,
) -> Staff:
    """Give a member of staff one more role, or the same one blinded where it was not.

    Raises
    ------
    InvalidInputError
        If the very same role was granted before.
    NotFoundError
        If there is no such member of staff, study or site.
    """
    member = find_staff(session, email)
    _store_grant(session, member, role, study, site, blinded, "staff.granted", actor, now)
    return member


def issue_token(
    session: Session,
    email: str,
    *,
    now: datetime,
    label: str,
    scopes: Iterable[Scope] = (Scope.ALL,),
    study: str | None = None,
    life: timedelta = TOKEN_LIFE,
    actor: str = _SERVER,
) -> str:
    """Return a new token of somebody, which cannot be shown again.

    Raises
    ------
    InvalidInputError
        If it would be good for nothing, for no time, or for longer than a year.
    NotFoundError
        If there is no such member of staff or study.
    """
    member = find_staff(session, email)
    good_for = sorted(set(scopes))
    if not good_for:
        raise InvalidInputError("A token needs a scope.", f"Choose among {', '.join(Scope)}.")
    if not timedelta() < life <= LONGEST_LIFE:
        raise InvalidInputError(
            "A token is good for 1 to 366 days.", "Choose fewer days, and issue a new one in time."
        )
    study_id = key(get_study(session, study)) if study else None
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(
        StaffToken(
            staff_id=key(member),
            label=label,
            token_hash=token_hash(token),
            scopes=[str(scope) for scope in good_for],
            study_id=study_id,
            issued_at=now,
            expires_at=now + life,
        )
    )
    payload = {"staff": key(member), "scopes": [str(scope) for scope in good_for], "study": study}
    audit.record(session, None, "staff.token_issued", payload, actor=actor, now=now)
    session.flush()
    return token


def revoke_tokens(
    session: Session, email: str, *, now: datetime, label: str | None = None, actor: str = _SERVER
) -> int:
    """End the tokens of somebody at once, all or those with a label; return how many.

    Raises
    ------
    NotFoundError
        If there is no such member of staff, or no token to revoke.
    """
    member = find_staff(session, email)
    revoked = staff_rows.revoke_tokens(session, key(member), label, now)
    if not revoked:
        named = f" with the label {label}" if label is not None else ""
        raise NotFoundError(
            f"{email} has no token{named} that could be revoked.",
            "`longwave staff list` shows the tokens there are.",
        )
    payload = {"staff": key(member), "tokens": revoked}
    audit.record(session, None, "staff.token_revoked", payload, actor=actor, now=now)
    return revoked


def remove_staff(session: Session, email: str, *, now: datetime, actor: str = _SERVER) -> None:
    """Take every role and token from somebody; what they did stays in the trail."""
    member = find_staff(session, email)
    staff_rows.revoke_tokens(session, key(member), None, now)
    staff_rows.take_grants(session, key(member))
    member.removed_at = now
    audit.record(session, None, "staff.removed", {"staff": key(member)}, actor=actor, now=now)
    session.flush()


def list_staff(session: Session, *, now: datetime) -> list[Member]:
    """Return everybody on the staff, with roles and the tokens that are good now."""
    return [
        Member(
            email=member.email,
            grants=tuple(staff_rows.grants(session, key(member))),
            tokens=tuple(
                token for token in staff_rows.tokens(session, key(member)) if is_good(token, now)
            ),
        )
        for member in staff_rows.everybody(session)
    ]


def is_staff(session: Session, email: str) -> bool:
    """Whether somebody with this address is on the staff now."""
    member = staff_rows.by_email(session, email)
    return member is not None and member.removed_at is None


def find_staff(session: Session, email: str) -> Staff:
    """Return the member of staff with this address.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    member = staff_rows.by_email(session, email)
    if member is None or member.removed_at is not None:
        raise NotFoundError(
            f"{email} is no member of staff.", "Add this address with `longwave staff add`."
        )
    return member


def _store_grant(
    session: Session,
    member: Staff,
    role: Role,
    study: str | None,
    site: str | None,
    blinded: bool,
    kind: str,
    actor: str,
    now: datetime,
) -> None:
    study_id = _study_id(session, study, site)
    same = [
        grant
        for grant in staff_rows.grants(session, key(member))
        if (grant.role, grant.study_id, grant.site) == (role, study_id, site)
    ]
    if any(grant.blinded == blinded for grant in same):
        raise InvalidInputError(
            f"{member.email} has this role already.",
            "Grant another one, or the same one for another study or site.",
        )
    for grant in same:
        grant.blinded = blinded
    if not same:
        session.add(
            StaffGrant(
                staff_id=key(member),
                study_id=study_id,
                site=site,
                role=role,
                blinded=blinded,
                granted_at=now,
            )
        )
    payload = {
        "staff": key(member),
        "role": str(role),
        "blinded": blinded,
        "study": study,
        "site": site,
    }
    audit.record(session, None, kind, payload, actor=actor, now=now)
    session.flush()


def _study_id(session: Session, slug: str | None, site: str | None) -> int | None:
    if slug is None:
        if site is not None:
            raise InvalidInputError("A site belongs to a study.", "Name the study too: --study.")
        return None
    study = get_study(session, slug)
    sites = current_protocol(session, study).sites
    if site is not None and site not in sites:
        raise NotFoundError(
            f"The study {slug} has no site called {site}.", f"It has {', '.join(sites)}."
        )
    return key(study)


def _check_email(email: str) -> None:
    name, at, host = email.partition("@")
    printable = email.isprintable() and not any(letter.isspace() for letter in email)
    if not (at and name and host and printable and len(email) <= _LONGEST_NAME):
        raise InvalidInputError(f"{email!r} is no e-mail address.", "Write name@host.")


def is_good(token: StaffToken, now: datetime) -> bool:
    """Whether a token still signs in."""
    return token.revoked_at is None and now < token.expires_at

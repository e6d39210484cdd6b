"""What may become of a study: each transition with its guard.

A transition takes what is known of the study and returns the state that holds afterwards; a
refused one says why, and if there are several reasons, all of them. It knows no row and no
clock; the service that calls it stores what it returns, with an event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.instrument import Instrument
from longwave.domain.lifecycle.states import StudyMode, StudyState
from longwave.domain.protocol.model import Protocol

_CHANGING = (StudyState.DRAFT, StudyState.APPROVED, StudyState.OPEN, StudyState.CLOSED)


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the transitions decide by."""

    slug: str
    mode: StudyMode
    state: StudyState


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """What somebody says of the approval of a protocol.

    A study is registered (``registry_id``), or there is a reason why it need not be
    (``exemption``).
    """

    reference: str
    approver: str
    approved_on: date
    registry_id: str | None = None
    exemption: str | None = None

    def checked(self, *, today: date) -> ApprovalFacts:
        """Return these facts without spaces around them.

        Raises
        ------
        InvalidInputError
            Naming all that is missing or cannot be.
        """
        registry = (self.registry_id or "").strip() or None
        exemption = (self.exemption or "").strip() or None
        facts = ApprovalFacts(
            self.reference.strip(), self.approver.strip(), self.approved_on, registry, exemption
        )
        faults = dict(_approval_faults(facts, today))
        if faults:
            raise InvalidInputError(
                "This approval is not complete: "
                + "; ".join(f"{name} {fault}" for name, fault in faults.items())
                + ".",
                "Give the reference of the ethics approval, who gave it and when, and either the "
                "id in a public registry (--registry) or why none is needed (--exempt).",
                faults,
            )
        return facts


def approve(study: StudyFacts) -> StudyState:
    """Let a draft be approved, which makes its settings and its mode final."""
    if study.state != StudyState.DRAFT:
        raise _refused(study, "approved", "Only a draft is approved; later versions are amended.")
    return StudyState.APPROVED


def open_trial_run(study: StudyFacts) -> StudyState:
    """Let a draft be practised with; it never becomes live."""
    if study.state != StudyState.DRAFT:
        raise _refused(
            study, "opened as a trial run", "A trial run opens from draft, once, and stays one."
        )
    return StudyState.OPEN


def open_live(
    study: StudyFacts,
    protocol: Protocol,
    *,
    is_approved: bool,
    page_languages: Collection[str],
    unsafe: Sequence[str],
) -> StudyState:
    """Let an approved study enrol.

    Parameters
    ----------
    is_approved
        Whether there is an approval of the version in force.
    page_languages
        The languages that the pages speak.
    unsafe
        What is unsafe about this installation.

    Raises
    ------
    RefusedTransitionError
        Naming everything that is in the way.
    """
    if study.state not in (StudyState.DRAFT, StudyState.APPROVED):
        raise _refused(
            study, "opened", "A trial run never becomes live; what was closed stays closed."
        )
    reasons = [
        *([] if study.state == StudyState.APPROVED else [f"it is a {study.state}, not approved"]),
        *reasons_against(protocol, is_approved=is_approved, page_languages=page_languages),
        *unsafe,
    ]
    if reasons:
        raise RefusedTransitionError(
            f"The study {study.slug} cannot open to real participants: {'; '.join(reasons)}.",
            "Mend all of this, or practise first: longwave study open --trial-run.",
        )
    return StudyState.OPEN


def reasons_against(
    protocol: Protocol, *, is_approved: bool, page_languages: Collection[str]
) -> Iterator[str]:
    """Yield why a version of a protocol cannot be shown to real participants."""
    if not is_approved:
        yield "there is no approval of the version of the protocol in force"
    lacking = _placeholders(protocol)
    if lacking:
        yield f"it has placeholder wordings: {', '.join(lacking)}"
    if protocol.not_permitted:
        yield (
            "no permission is recorded under permissions of the protocol for "
            f"{', '.join(protocol.not_permitted)}"
        )
    missing = _missing_languages(protocol, page_languages)
    if missing:
        yield f"a language is missing: {', '.join(missing)}"
    if protocol.randomisation is not None and protocol.randomisation.inline is not None:
        yield "the settings of its randomisation stand in the protocol for everybody to read"


def close_enrolment(study: StudyFacts) -> StudyState:
    """Let nobody more in; who is in goes on."""
    if study.state != StudyState.OPEN:
        raise _refused(study, "closed to enrolment", "Only a study that is open can be closed.")
    return StudyState.CLOSED


def lock(study: StudyFacts, *, unfinished: int, told: int, early: bool, reason: str) -> StudyState:
    """Let no datum change any more.

    Parameters
    ----------
    unfinished
        How many assessments are under way or still to come.
    told
        How many of them whoever locks may know of.
    early
        Whether those are to be ended.
    reason
        Why, which an early lock needs.
    """
    if study.state != StudyState.CLOSED:
        raise _refused(study, "locked", "Close it to enrolment first.")
    if early and not reason:
        raise InvalidInputError(
            "An early lock needs a reason, which the audit trail keeps.",
            'Give one: --reason "stopped by the board".',
            {"reason": "is needed for an early lock"},
        )
    if unfinished and not early:
        raise RefusedTransitionError(
            f"The study {study.slug} cannot be locked: {told or 'some'} assessments are under way "
            "or still to come.",
            "Wait for them, or end them now: --early, with a --reason.",
        )
    return StudyState.LOCKED


def archive(study: StudyFacts) -> StudyState:
    """Put a locked study away."""
    if study.state != StudyState.LOCKED:
        raise _refused(study, "archived", "Lock it first.")
    return StudyState.ARCHIVED


def amend(study: StudyFacts) -> None:
    """Let a study that is not locked have another version of its protocol."""
    if study.state not in _CHANGING:
        raise _refused(study, "amended", "What is locked stays as it is.")


def needs_approval(study: StudyFacts) -> bool:
    """Whether a new version of this study's protocol needs an approval of its own."""
    return study.mode == StudyMode.LIVE and study.state != StudyState.DRAFT


def _refused(study: StudyFacts, what: str, remedy: str) -> RefusedTransitionError:
    mode = " (a trial run)" if study.mode == StudyMode.TRIAL_RUN else ""
    return RefusedTransitionError(
        f"The study {study.slug} is {study.state}{mode} and cannot be {what}.", remedy
    )


def _approval_faults(facts: ApprovalFacts, today: date) -> Iterator[tuple[str, str]]:
    if not facts.reference:
        yield "reference", "is missing"
    if not facts.approver:
        yield "approver", "is missing"
    if facts.approved_on > today:
        yield "approved_on", "is a day that has not come yet"
    if facts.registry_id is None and facts.exemption is None:
        yield "registry_id", "is missing, and no exemption is given"
    if facts.registry_id is not None and facts.exemption is not None:
        yield "exemption", "is given beside a registry id; it is one or the other"


def _placeholders(protocol: Protocol) -> list[str]:
    return sorted(
        f"{instrument.id} ({language})"
        for instrument in protocol.instruments.values()
        for language in instrument.placeholder & set(protocol.study.languages)
    )


def _missing_languages(protocol: Protocol, page_languages: Collection[str]) -> list[str]:
    consent = protocol.consent.documents
    return [
        f"{what} ({language})"
        for language in protocol.study.languages
        for what, there in (
            ("the pages", language in page_languages),
            ("the consent document", bool(consent.get(language, "").strip())),
            *(
                (f"the wording of {instrument.id}", _speaks(instrument, language))
                for instrument in protocol.instruments.values()
            ),
        )
        if not there
    ]


def _speaks(instrument: Instrument, language: str) -> bool:
    texts = [instrument.title, *(item.text for item in instrument.items)]
    texts += [option.label for item in instrument.items for option in item.options]
    return all(text.get(language) for text in texts)

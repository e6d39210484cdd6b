"""Whether the planned analyses can be done with what the waves measure."""

from __future__ import annotations

from longwave.domain.protocol.anchors import REQUEST, hangs_on_programme
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.checks import measured_scores
from longwave.domain.protocol.faults import suggest
from longwave.domain.protocol.model import PrecedenceAnalysis, Protocol, TreatmentAnalysis
from longwave.domain.protocol.names import unknown

_FEWEST_WAVES = {"clpm": 2, "clpm_lag2": 3, "riclpm": 3}


def check_analysis(root: Block, protocol: Protocol) -> None:
    """Note analyses that name what is not there, or that the waves cannot support."""
    for index, analysis in enumerate(protocol.analysis):
        base = f"analysis[{index}]"
        if isinstance(analysis, PrecedenceAnalysis):
            _check_precedence(root, base, protocol, analysis)
        else:
            _check_treatment(root, base, protocol, analysis)


def _check_precedence(
    root: Block, base: str, protocol: Protocol, analysis: PrecedenceAnalysis
) -> None:
    order = [wave.id for wave in protocol.waves]
    known = [
        name
        for place, name in enumerate(analysis.waves)
        if not unknown(root, f"{base}.waves[{place}]", name, order, "wave") and name in order
    ]
    _check_order(root, base, analysis, order)
    for place, name in enumerate(analysis.waves):
        _check_once(root, f"{base}.waves[{place}]", protocol, name)
    for place, model in enumerate(analysis.models):
        fewest = _FEWEST_WAVES.get(model, 0)
        if len(analysis.waves) < fewest and not root.faulty(f"{base}.waves"):
            root.fault(
                f"{base}.models[{place}]",
                f"The model {model} needs {fewest} waves; this analysis has {len(analysis.waves)}.",
                f"Add waves to the analysis, or remove {model}.",
            )
    for name, score in analysis.variables.items():
        _check_score(root, f"{base}.variables.{name}", protocol, score, known)
    if analysis.group is not None:
        for place, name in enumerate(analysis.waves):
            _check_alike(root, f"{base}.waves[{place}]", protocol, name)
    ungrouped = protocol.randomisation is None and not root.faulty("randomisation")
    if analysis.group is not None and ungrouped:
        root.fault(f"{base}.group", "There are no arms to group by.", "Remove 'group'.")


def _check_alike(root: Block, field: str, protocol: Protocol, wave: str) -> None:
    if hangs_on_programme(protocol, wave) and not root.faulty(field):
        root.fault(
            field,
            f"The wave {wave!r} counts from a programme, which the arms start at different times, "
            "and a contrast between arms needs waves that are timed alike.",
            "Name a wave that counts from enrolment or randomisation.",
        )


def _check_once(root: Block, field: str, protocol: Protocol, name: str) -> None:
    found = next((wave for wave in protocol.waves if wave.id == name), None)
    if found is None or root.faulty(field):
        return
    if found.anchor == REQUEST:
        problem = f"The wave {name!r} comes on request, at no time that participants share."
    elif found.occurrences > 1:
        problem = (
            f"The wave {name!r} comes {found.occurrences} times, and an analysis has one score "
            "for each wave."
        )
    else:
        return
    root.fault(
        field,
        problem,
        "Name waves that come once; what is repeated is exported, to be analysed by other means.",
    )


def _check_order(root: Block, base: str, analysis: PrecedenceAnalysis, order: list[str]) -> None:
    previous = -1
    for place, name in enumerate(analysis.waves):
        if name not in order:
            continue
        if order.index(name) <= previous:
            root.fault(
                f"{base}.waves[{place}]",
                f"The wave {name!r} is out of order or listed twice.",
                "List the waves once each, in the order of the protocol.",
            )
        previous = order.index(name)


def _check_score(root: Block, field: str, protocol: Protocol, score: str, waves: list[str]) -> None:
    if not score or root.faulty(field):
        return
    name, point, _ = score.partition(".")
    asked = {instrument for wave in protocol.waves for instrument in wave.instruments}
    if name in asked and name not in protocol.instruments:
        return  # the instrument itself is at fault, and that has been noted
    scores = measured_scores(protocol, [wave.id for wave in protocol.waves])
    if not point or score not in scores:
        root.fault(
            field,
            f"There is no score {score[:80]!r}.{suggest(score, scores)}",
            "Write instrument.scale, of an instrument that the waves ask: "
            f"{', '.join(scores) or 'none is asked'}.",
        )
        return
    for wave in waves:
        complete = all(asks in protocol.instruments for asks in protocol.wave(wave).instruments)
        if complete and score not in measured_scores(protocol, [wave]):
            root.fault(
                field,
                f"{score!r} is not measured in wave {wave!r}.",
                f"Add {name} to the instruments of {wave}, or leave {wave} out of the analysis.",
            )


def _check_treatment(
    root: Block, base: str, protocol: Protocol, analysis: TreatmentAnalysis
) -> None:
    plan = protocol.randomisation
    if plan is None and not root.faulty("randomisation"):
        root.fault(
            base, "A treatment effect needs randomised arms.", "Remove it, or add 'randomisation'."
        )
    order = [wave.id for wave in protocol.waves]
    field = f"{base}.estimand.wave"
    if unknown(root, field, analysis.wave, order, "wave") or analysis.wave not in order:
        _check_score(root, f"{base}.estimand.outcome", protocol, analysis.outcome, [])
        return
    _check_score(root, f"{base}.estimand.outcome", protocol, analysis.outcome, [analysis.wave])
    _check_alike(root, field, protocol, analysis.wave)
    _check_once(root, field, protocol, analysis.wave)
    if (
        plan is not None
        and plan.after in order
        and order.index(analysis.wave) <= order.index(plan.after)
    ):
        root.fault(
            field,
            f"At {analysis.wave!r} nobody has been randomised, so that the arms cannot differ.",
            f"Name a wave that comes after {plan.after!r}.",
        )

"""What each planned model would estimate if everybody in the world took part and answered all.

Scores are not latent variables: few items, rounding and reversed keys make them unreliable,
and unreliable scores shrink lagged effects. So the true value of a model's parameter is its
value in the population of *scores*, got from a very large complete simulation.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from longwave.domain.protocol.model import PrecedenceAnalysis, Protocol
from longwave.domain.scoring import score_array
from longwave.rehearsal.population import Population, answers
from longwave.report.models import CROSS_LAGGED, fit_model, lagged_effects

PERSONS_PER_ARM = 100_000


def scored_population(
    protocol: Protocol,
    plan: PrecedenceAnalysis,
    population: Population,
    *,
    persons_per_arm: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Simulate complete scores: one row a person, columns as in an export's panel, and ``arm``."""
    return pd.concat(
        [
            _scored_arm(protocol, plan, population, arm, persons_per_arm, rng)
            for arm in protocol.arms
        ],
        ignore_index=True,
    )


def true_values(
    protocol: Protocol,
    plan: PrecedenceAnalysis,
    population: Population,
    *,
    persons_per_arm: int = PERSONS_PER_ARM,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Return the lagged effects of each planned model in the population, by the model's name.

    See `longwave.report.models.lagged_effects` for the columns.
    """
    rng = np.random.default_rng(seed)
    data = scored_population(protocol, plan, population, persons_per_arm=persons_per_arm, rng=rng)
    estimates_alone = replace(plan, estimator="ML")
    return {
        model: lagged_effects(fit_model(model, estimates_alone, data), plan)
        for model in plan.models
    }


def beside_truth(estimated: pd.DataFrame, true: pd.DataFrame) -> pd.DataFrame:
    """Set the cross-lagged effects of a study beside their true values.

    Parameters
    ----------
    estimated, true
        Lagged effects of the same model, from `longwave.report.models.lagged_effects`.

    Returns
    -------
    DataFrame
        Columns group, predictor, outcome, from_wave, to_wave, every_wave, est, ci_lower,
        ci_upper, true, covered. Effects that the model holds equal over time are one row, with
        ``every_wave`` set.
    """
    effect = ["group", "predictor", "outcome", "from_wave", "to_wave"]
    known = true[[*effect, "est"]].rename(columns={"est": "true"})
    both = estimated[estimated["kind"] == CROSS_LAGGED].merge(known, on=effect, validate="1:1")
    both["covered"] = both["true"].between(both["ci_lower"], both["ci_upper"])
    same = ["group", "predictor", "outcome", "est"]
    both["every_wave"] = both.duplicated(same, keep=False)
    columns = [*effect, "every_wave", "est", "ci_lower", "ci_upper", "true", "covered"]
    return both.drop_duplicates(same)[columns].reset_index(drop=True)


def _scored_arm(
    protocol: Protocol,
    plan: PrecedenceAnalysis,
    population: Population,
    arm: str,
    n: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    latents = population.latents(n, len(protocol.waves), rng) + population.shift(protocol, arm)
    columns: dict[str, np.ndarray | str] = {"arm": arm}
    for source in plan.variables.values():
        instrument_id, _, scale = source.partition(".")
        instrument = protocol.instruments[instrument_id]
        for wave in plan.waves:
            place = protocol.wave(wave).order
            given = answers(instrument, latents[:, place], rng)
            columns[f"{instrument_id}_{scale}__{wave}"] = score_array(instrument, given)[scale]
    return pd.DataFrame(columns)

"""Larger studies: their intervals cover the true values as often as they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factories.journey import travel
from scipy.stats import binom

from longwave import resources
from longwave.domain.protocol import read_protocol
from longwave.domain.protocol.model import PrecedenceAnalysis
from longwave.rehearsal.population import Population
from longwave.rehearsal.truth import beside_truth, scored_population, true_values
from longwave.report.models import fit_model, lagged_effects

pytestmark = pytest.mark.slow

MODELS = ("clpm", "riclpm")
REPLICATIONS = 120
PER_ARM = 150


@pytest.fixture(scope="module")
def plan():
    files = resources.protocol_files(resources.protocols_directory() / "msc_burnout_rct")
    protocol = read_protocol(files)
    found = next(plan for plan in protocol.analysis if isinstance(plan, PrecedenceAnalysis))
    return protocol, replace(found, models=MODELS)


def acceptable(trials: int) -> tuple[float, float]:
    """Return the range of coverage that intervals of 95 % leave only once in 10,000 times.

    The effects of one study depend on each other, so that they count as one quarter.
    """
    low, high = binom.interval(0.9999, trials // 4, 0.95)
    return low / (trials // 4), high / (trials // 4)


def test_the_intervals_of_many_complete_studies_cover_the_population_values(plan):
    protocol, analysis = plan
    population = Population()
    truth = true_values(protocol, analysis, population, seed=11)
    rng = np.random.default_rng(12)
    covered = {model: [] for model in MODELS}
    for _ in range(REPLICATIONS):
        data = scored_population(protocol, analysis, population, persons_per_arm=PER_ARM, rng=rng)
        for model in MODELS:
            effects = lagged_effects(fit_model(model, analysis, data), analysis)
            covered[model].extend(beside_truth(effects, truth[model])["covered"])
    for model in MODELS:
        low, high = acceptable(len(covered[model]))
        assert low <= np.mean(covered[model]) <= high, f"{model}: {np.mean(covered[model]):.3f}"


def test_a_study_of_160_through_the_whole_system_covers_the_true_values(tmp_path):
    result = travel(tmp_path / "demo", 160, seed=1).result
    assert not result.failures
    covered = np.concatenate([effects["covered"] for effects in result.beside_truth.values()])
    assert covered.mean() >= 0.8, result.beside_truth
    assert result.overview.enrolled == 160

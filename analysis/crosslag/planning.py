"""Power by simulation: how often a study of a given size would find an effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from scipy import special

from crosslag._types import Float
from crosslag.batch import Moments, inverses, solve_many
from crosslag.builders import riclpm
from crosslag.errors import ModelError, require_whole
from crosslag.estimate import ModelPoint, maximise, model_point
from crosslag.inference import positive_semidefinite, vcov
from crosslag.model import Model, ParameterTable
from crosslag.moments import PatternMoments, group_patterns, pooled
from crosslag.ram import RamGroup
from crosslag.resampling import Job, refit
from crosslag.search import layout
from crosslag.simulate import PanelProcess
from crosslag.starting import starting_values
from crosslag.syntax import parse

__all__ = ["Power", "power"]

_FEWEST = 20
_TOGETHER = 64  # studies that are fitted at once
_Z95 = float(special.ndtri(0.975))


@dataclass(frozen=True, eq=False)
class Power:
    """What simulated studies found.

    Attributes
    ----------
    table
        One row per sample size and estimated parameter: ``n lhs op rhs label truth mean bias sd
        se power mcse coverage``. ``truth`` is the population value, ``sd`` that of the estimates
        over studies, ``se`` the mean standard error, ``power`` the share of studies with p below
        ``alpha``, ``mcse`` its simulation error, ``coverage`` of 95 % intervals.
    studies
        One row per sample size: ``n replications not_converged inadmissible``.
    alpha
        Level of the tests.
    """

    table: pd.DataFrame
    studies: pd.DataFrame
    alpha: float

    def effects(self) -> pd.DataFrame:
        """Give the rows of lagged effects only.

        Returns
        -------
        DataFrame
            The rows of ``table`` whose ``op`` is ``~``.
        """
        return self.table[self.table["op"] == "~"].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class _Design:
    """A study to be simulated many times."""

    process: PanelProcess
    columns: tuple[int, ...]
    waves: int
    gaps: float
    dropout: float

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not (self.gaps or self.dropout)

    def draw(self, n: int, rng: np.random.Generator) -> Float:
        """Draw persons, (n, p), NaN where missing; those without any value are left out."""
        scores = self.process.draw(n, self.waves, rng)
        if self.complete:
            return np.asarray(scores.reshape(n, -1)[:, self.columns])
        scores[rng.random(scores.shape) < self.gaps] = np.nan
        if self.dropout:
            left = rng.geometric(self.dropout, n)
            scores[np.arange(self.waves) >= left[:, None]] = np.nan
        values = scores.reshape(n, -1)[:, self.columns]
        return values[~np.isnan(values).all(axis=1)]


def power(
    process: PanelProcess,
    n: int | Sequence[int],
    waves: int,
    *,
    names: Sequence[str] = ("x", "y"),
    model: Model | str | None = None,
    gaps: float = 0.0,
    dropout: float = 0.0,
    alpha: float = 0.05,
    replications: int = 1000,
    seed: int = 1,
    workers: int = 1,
) -> Power:
    """Simulate studies of a known process and fit each of them by (full information) ML.

    Parameters
    ----------
    process
        What the data come from.
    n
        Persons, one number or several to compare.
    waves
        Number of waves.
    names
        Names of the process's variables; their columns are ``x1, x2, ...``.
    model
        What is fitted, a builder's or lavaan's syntax; by default the RI-CLPM of all variables. If
        it does not hold for the process, ``truth`` is what it comes closest to in the population.
    gaps, dropout
        Share of cells that are missing at random; chance to leave for good before each later wave.
    alpha
        Level of the two-sided tests.
    replications, seed, workers
        Studies per sample size; the same seed gives the same numbers whatever the number of
        processes.

    Returns
    -------
    Power
        Power, bias and coverage for every parameter and sample size.

    Raises
    ------
    ModelError
        If a number is impossible, names do not fit the process, or the model does not fit the
        columns or is not identified in the population.
    """
    sizes = list(n) if isinstance(n, Iterable) and not isinstance(n, str) else [n]
    _require_possible(sizes, gaps, dropout, alpha, replications, workers)
    require_whole("seed", seed, 0)
    require_whole("waves", waves, 1)
    if not isinstance(process, PanelProcess):
        raise ModelError(f"The process must be a PanelProcess, not {type(process).__name__}.")
    if isinstance(model, str):
        model = parse(model)
    if not isinstance(model, Model | None):
        raise ModelError(f"The model must be a builder's or a text, not {type(model).__name__}.")
    if len(names) != process.k:
        raise ModelError(f"names={list(names)}: the process has {process.k} variables.")
    panel = {name: [f"{name}{t}" for t in range(1, waves + 1)] for name in names}
    model = riclpm(panel) if model is None else model
    known = [f"{name}{t}" for t in range(1, waves + 1) for name in names]
    unknown = [name for name in model.observed if name not in known]
    if unknown:
        raise ModelError(f"The model has {', '.join(unknown)}, but the columns are {known}.")
    columns = tuple(known.index(name) for name in model.observed)
    design = _Design(process, columns, waves, gaps, dropout)
    table, structures = layout(model, 1)
    if table.constraints:
        raise ModelError(
            "Power is simulated for models without constraints (==, <, >); use shared labels."
        )
    rows, studies = [], []
    for size in sizes:
        job = _population(table, list(structures), design, size, seed)
        found = _simulate(job, design, size, replications, workers)
        kept = [one for one in found if one is not None]
        if len(kept) < _FEWEST:
            raise ModelError(
                f"Only {len(kept)} of {replications} studies of {size} persons converged; the model"
                " asks too much of so few persons."
            )
        rows.append(_summarised(job, size, kept, alpha))
        inadmissible = sum(not admissible for _, _, admissible in kept)
        studies.append((size, replications, replications - len(kept), inadmissible))
    header = ["n", "replications", "not_converged", "inadmissible"]
    joined = pd.concat(rows, ignore_index=True)
    return Power(joined, pd.DataFrame(studies, columns=header), alpha)


def _require_possible(
    sizes: Sequence[object],
    gaps: float,
    dropout: float,
    alpha: float,
    replications: int,
    workers: int,
) -> None:
    for name, share in (("gaps", gaps), ("dropout", dropout)):
        if not isinstance(share, Real) or not 0 <= share < 1:
            raise ModelError(f"{name}={share!r} is a share of at least 0 and below 1.")
    if not isinstance(alpha, Real) or not 0 < alpha < 1:
        raise ModelError(f"alpha={alpha!r} lies between 0 and 1, such as 0.05.")
    require_whole("replications", replications, _FEWEST)
    require_whole("workers", workers, 1)
    if not sizes:
        raise ModelError("n=[]: give at least one number of persons.")
    for size in sizes:
        require_whole("n", size, 2)


def _population(
    table: ParameterTable, structures: list[RamGroup], design: _Design, n: int, seed: int
) -> Job:
    """Fit the model to the moments of the process."""
    index = np.ix_(design.columns, design.columns)
    covariance = design.process.moments(design.waves)[index]
    moments = [pooled(np.zeros(len(covariance)), covariance, float(n))]

    def at(theta: Float) -> ModelPoint | None:
        return model_point(structures, moments, theta)

    solution = maximise(at, starting_values(table, moments))
    if not solution.converged:
        raise ModelError(
            "The model is not identified in the population of this process; look for variances or"
            " effects of 0 that leave others undetermined."
        )
    return Job(table, structures, moments, solution.point.theta, vcov(solution.information), seed)


_Study = tuple[Float, Float, bool]


def _simulate(
    job: Job, design: _Design, n: int, replications: int, workers: int
) -> list[_Study | None]:
    # The same studies are fitted together whatever the number of processes, which leaves not even
    # the last digit to chance.
    batches = [
        range(begin, min(begin + _TOGETHER, replications))
        for begin in range(0, replications, _TOGETHER)
    ]
    if workers == 1:
        made = [_studies(job, design, n, batch) for batch in batches]
    else:
        from joblib import Parallel, delayed

        made = Parallel(n_jobs=workers)(delayed(_studies)(job, design, n, b) for b in batches)
    return [study for batch in made for study in batch]


def _studies(job: Job, design: _Design, n: int, numbers: Sequence[int]) -> list[_Study | None]:
    """Draw and fit studies; complete ones together."""
    drawn = [design.draw(n, np.random.default_rng([job.seed, n, number])) for number in numbers]
    if design.complete:
        return _complete_studies(job, drawn)
    return [_study(job, values) for values in drawn]


def _complete_studies(job: Job, drawn: Sequence[Float]) -> list[_Study | None]:
    mean = np.array([values.mean(axis=0) for values in drawn])
    deviations = [values - m for values, m in zip(drawn, mean, strict=True)]
    covariance = np.array([d.T @ d / len(d) for d in deviations])
    moments = Moments(np.array([float(len(d)) for d in drawn]), mean, covariance)
    solved = solve_many(job.structures, [moments], job.theta, job.covariance)
    variances = np.diagonal(inverses(solved.expected), axis1=1, axis2=2)
    admissible = positive_semidefinite(solved.implied[0].undirected)
    rows = zip(solved.theta, np.sqrt(variances), admissible.tolist(), strict=True)
    return [
        row if is_proven else _study(job, values)
        for row, is_proven, values in zip(rows, solved.proven, drawn, strict=True)
    ]


def _study(job: Job, values: Float) -> _Study | None:
    """Give estimates, errors and whether they are admissible; None without a proven maximum."""
    patterns: list[PatternMoments] = [group_patterns(values)]
    point = refit(job, patterns)
    if point is None:
        return None
    complete = patterns[0].complete
    information = point.expected_information() if complete else point.observed_information()
    errors = np.sqrt(np.maximum(np.diag(vcov(information)), 0.0))
    return point.theta, errors, bool(positive_semidefinite(point.implied[0].undirected))


def _summarised(job: Job, n: int, found: Sequence[_Study], alpha: float) -> pd.DataFrame:
    est = np.array([one[0] for one in found])
    se = np.array([one[1] for one in found])
    truth = job.theta
    critical = float(special.ndtri(1 - alpha / 2))
    hit = (np.abs(est) > critical * se).mean(axis=0)
    first = {row.free: row for row in reversed(job.table.rows) if row.free >= 0}
    rows = [first[free] for free in range(job.table.n_free)]
    return pd.DataFrame(
        {
            "n": n,
            "lhs": [row.lhs for row in rows],
            "op": [row.op for row in rows],
            "rhs": [row.rhs for row in rows],
            "label": [row.label for row in rows],
            "truth": truth,
            "mean": est.mean(axis=0),
            "bias": est.mean(axis=0) - truth,
            "sd": est.std(axis=0, ddof=1),
            "se": se.mean(axis=0),
            "power": hit,
            "mcse": np.sqrt(hit * (1 - hit) / len(found)),
            "coverage": (np.abs(est - truth) <= _Z95 * se).mean(axis=0),
        }
    )

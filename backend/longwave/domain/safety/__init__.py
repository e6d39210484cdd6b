"""Safety rules: what they look at, and when somebody looks after an alert."""

from longwave.domain.safety.told import Holding, Uncovered, told, uncovered
from longwave.domain.safety.values import instruments_in, names_in, values_of, variables_of
from longwave.domain.safety.watch import Step, is_watched, steps, watched_after

__all__ = [
    "Holding",
    "Step",
    "Uncovered",
    "instruments_in",
    "is_watched",
    "names_in",
    "steps",
    "told",
    "uncovered",
    "values_of",
    "variables_of",
    "watched_after",
]

"""The analysis that the protocol fixed in advance, run on an export, and its report."""

from longwave.report.analysis import Analysis, ModelRun, PrecedenceRun
from longwave.report.models import fit_model, lagged_effects, panel_columns
from longwave.report.page import analyse

__all__ = [
    "Analysis",
    "ModelRun",
    "PrecedenceRun",
    "analyse",
    "fit_model",
    "lagged_effects",
    "panel_columns",
]

"""crosslag: panel models for longitudinal data.

>>> import crosslag as cl
>>> model = cl.riclpm({"x": ["x1", "x2", "x3"], "y": ["y1", "y2", "y3"]})
>>> model.degrees_of_freedom()
1
"""

from __future__ import annotations

from crosslag.boundary import RandomInterceptTest, random_intercept_test
from crosslag.builders import clpm, dpm, lcm_sr, longitudinal_cfa, riclpm, starts
from crosslag.errors import CrosslagError, DataError, ModelError, ModelSyntaxError
from crosslag.expressions import Constraint, Definition
from crosslag.fitting import fit
from crosslag.longitudinal import Panel
from crosslag.model import Model, Relation
from crosslag.planning import Power, power
from crosslag.results import Fit
from crosslag.simulate import PanelProcess, stationary_innovation
from crosslag.syntax import parse

__all__ = [
    "Constraint",
    "CrosslagError",
    "DataError",
    "Definition",
    "Fit",
    "Model",
    "ModelError",
    "ModelSyntaxError",
    "Panel",
    "PanelProcess",
    "Power",
    "RandomInterceptTest",
    "Relation",
    "clpm",
    "dpm",
    "fit",
    "lcm_sr",
    "longitudinal_cfa",
    "parse",
    "power",
    "random_intercept_test",
    "riclpm",
    "starts",
    "stationary_innovation",
]

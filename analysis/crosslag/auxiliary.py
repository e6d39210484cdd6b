"""Auxiliary variables: what tells about missing values without being part of the model.

They covary freely with each other and with (the residuals of) all variables of the model, so that
they take no degree of freedom and change no relation, but lend what they know about gaps: the
saturated correlates of Graham (2003, doi:10.1207/S15328007SEM1001_4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from crosslag.errors import ModelError
from crosslag.model import Model, Relation

__all__ = ["with_auxiliary"]


def with_auxiliary(model: Model, names: Sequence[str], missing: str) -> Model:
    """Add auxiliary variables to a model.

    Raises
    ------
    ModelError
        If a name is repeated or part of the model, or persons with gaps are left out anyway.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ModelError(f"auxiliary={names!r}: give a list of columns, not a single one.")
    names = list(names)
    if not all(isinstance(name, str) for name in names):
        raise ModelError(f"auxiliary={names!r}: the names of columns are texts.")
    if not names:
        return model
    if missing != "fiml":
        raise ModelError("auxiliary= needs missing='fiml': otherwise they would have no effect.")
    own = [name for name in names if name in (*model.observed, *model.latent)]
    if own or len(set(names)) < len(names):
        what = f"{', '.join(own)} is part of the model" if own else "a column is named twice"
        raise ModelError(f"auxiliary={names}: {what}.")
    added = [
        *(Relation(a, "~~", b) for i, a in enumerate(names) for b in names[i:]),
        *(Relation(a, "~~", column) for a in names for column in model.observed),
        *(Relation(a, "~1") for a in names),
    ]
    return replace(
        model, relations=(*model.relations, *added), auxiliary=(*model.auxiliary, *names)
    )

"""What a consent form needs before it counts."""

from __future__ import annotations

import pytest

from longwave.domain.consent import ConsentForm, check_consent
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol.model import ConsentPlan, ConsentStatement

PLAN = ConsentPlan(
    version="1.0",
    documents={"en": "Text"},
    statements=(
        ConsentStatement("read", {"en": "I have read this."}, required=True),
        ConsentStatement("recontact", {"en": "You may write to me later."}, required=False),
    ),
)


def form(name="A Person", email="a@clinic.example", ticked=("read",)):
    return ConsentForm(name=name, email=email, ticked=frozenset(ticked))


def test_a_complete_form_passes():
    check_consent(PLAN, form(), "en")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ticked": ()}, "read"),
        ({"ticked": ("recontact",)}, "read"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a b@clinic.example"}, "email"),
        ({"email": "a@clinic.example\nBcc: all@clinic.example"}, "email"),
        ({"email": "a@clinic.example>"}, "email"),
        ({"email": "jürgen@clinic.example"}, "email"),
        ({"email": "a@klinik-köln.example"}, "email"),
        ({"email": "a@[b.c"}, "email"),
        ({"email": "a..b@clinic.example"}, "email"),
        ({"email": "a@-clinic.example"}, "email"),
        ({"email": "a" * 250 + "@clinic.example"}, "email"),
    ],
)
def test_what_is_missing_or_wrong_is_named(changes, field):
    with pytest.raises(InvalidInputError) as failure:
        check_consent(PLAN, form(**changes), "en")
    assert set(failure.value.fields) == {field}

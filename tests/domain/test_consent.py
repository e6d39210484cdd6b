"""What a consent form needs before it counts."""

from __future__ import annotations

import pytest

from longwave.domain.consent import ConsentForm, check_consent, reached_by
from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import Channel
from longwave.domain.protocol.model import ConsentPlan, ConsentStatement

PLAN = ConsentPlan(
    version="1.0",
    documents={"en": "Text"},
    statements=(
        ConsentStatement("read", {"en": "I have read this."}, required=True),
        ConsentStatement("recontact", {"en": "You may write to me later."}, required=False),
    ),
)


def form(name="A Person", email="a@clinic.example", ticked=("read",), **more):
    return ConsentForm(name=name, email=email, ticked=frozenset(ticked), **more)


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


EMAIL, SMS = Channel.EMAIL, Channel.SMS
NUMBER = "+90 555 123 45 67"


@pytest.mark.parametrize(
    ("channels", "changes", "fields"),
    [
        ((EMAIL,), {"email": "", "phone": NUMBER}, {"email"}),
        ((EMAIL,), {"phone": "nonsense"}, set()),  # it is not asked for, and not kept
        ((SMS,), {"email": "", "phone": NUMBER}, set()),
        ((SMS,), {"phone": ""}, {"phone"}),
        ((EMAIL, SMS), {"email": "", "phone": ""}, {"email"}),
        ((EMAIL, SMS), {"email": "", "phone": NUMBER}, set()),
        ((EMAIL, SMS), {"phone": NUMBER}, set()),
        ((EMAIL, SMS), {"email": "nobody", "phone": NUMBER}, {"email"}),
        ((EMAIL, SMS), {"phone": "12"}, {"phone"}),
        ((EMAIL,), {"zone": "Europe/Berlin"}, set()),
        ((EMAIL,), {"zone": "Mars/Olympus"}, {"zone"}),
    ],
)
def test_what_a_study_can_use_is_needed_and_checked(channels, changes, fields):
    try:
        check_consent(PLAN, form(**changes), "en", channels=channels)
        found = set()
    except InvalidInputError as failure:
        found = set(failure.fields)
    assert found == fields


@pytest.mark.parametrize(
    ("channels", "changes", "expected"),
    [
        ((EMAIL, SMS), {}, EMAIL),
        ((EMAIL, SMS), {"phone": NUMBER, "channel": "sms"}, SMS),
        ((EMAIL, SMS), {"phone": NUMBER}, EMAIL),
        ((SMS, EMAIL), {"phone": NUMBER}, SMS),
        ((EMAIL, SMS), {"channel": "sms"}, EMAIL),
        ((EMAIL, SMS), {"email": "", "phone": NUMBER, "channel": "email"}, SMS),
        ((EMAIL,), {"phone": NUMBER, "channel": "sms"}, EMAIL),
    ],
)
def test_messages_go_as_wanted_where_there_is_an_address_for_it(channels, changes, expected):
    assert reached_by(form(**changes), channels) == expected

"""What a virtual participant's browser sends of a form that nobody has touched."""

from __future__ import annotations

from longwave.rehearsal.browser import Page

FORM = """
<form method="post" action="/sign">
<input type="hidden" name="version" value="1">
<select name="language"><option value="en">English</option>
<option value="tr" lang="tr" selected>Türkçe</option></select>
<select name="zone"><option value="Europe/Istanbul">Istanbul</option>
<option value="Asia/Tokyo">Tokyo</option></select>
<input type="checkbox" name="read"><input name="email" type="email">
</form>
"""


def test_lists_send_what_is_chosen_in_them_and_else_their_first_option():
    form = Page("/enrol", 200, FORM).form("/sign")
    assert form.unasked == {"version": "1", "language": "tr", "zone": "Europe/Istanbul"}


def test_what_can_be_chosen_is_known():
    form = Page("/enrol", 200, FORM).form(offering="email")
    assert form.choices == {
        "language": ["en", "tr"],
        "zone": ["Europe/Istanbul", "Asia/Tokyo"],
        "read": ["on"],
        "email": [],
    }

"""A consent page is answered as a person would who changes nothing and presses the first button."""

from __future__ import annotations

from local.forms import first_form

PAGE = """
<form method="post" action="?step=2">
  <input type="hidden" name="state" value="a&amp;b">
  <input name="note" value="">
  <label><input type="radio" name="company" value="1"> One</label>
  <label><input type="radio" name="company" value="2" checked> Two</label>
  <label><input type="checkbox" name="news"> News</label>
  <button name="decision" value="connect">Connect</button>
  <button name="decision" value="deny">No thanks</button>
</form>
<form><input type="hidden" name="other" value="x"></form>
"""


def test_hidden_fields_the_chosen_company_and_the_first_button_are_sent() -> None:
    form = first_form(PAGE)
    assert form is not None
    assert (form.method, form.action) == ("POST", "?step=2")
    assert form.fields == {"state": "a&b", "note": "", "company": "2", "decision": "connect"}


def test_a_page_without_a_form_has_none_to_answer() -> None:
    assert first_form("<p>Sign in with your phone</p><input name='outside'>") is None

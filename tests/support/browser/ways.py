"""In which ways a browser test is run: one office for each."""

from __future__ import annotations

import pytest

from tests.support.browser.office import NO_SCRIPTS, PHONE, WIDE, Way


def _in(*ways: Way) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("office", ways, ids=lambda way: way.name, indirect=True)


EACH_WAY = _in(WIDE, PHONE, NO_SCRIPTS)
WITH_SCRIPTS = _in(WIDE, PHONE)

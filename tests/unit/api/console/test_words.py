"""Numbers, money, days and times as the company writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from functions.api.console.words import Words
from shared.domain.money import Money

NOW = datetime(2026, 7, 4, 3, 30, tzinfo=UTC)


def words(locale: str = "en_US", zone: str = "America/New_York") -> Words:
    return Words.of([locale], [zone], NOW)


def plain(text: str) -> str:
    """With ordinary blanks: CLDR separates by several kinds of them."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("locale", "number", "money"),
    [
        ("en_US", "1,234,567.5", "$1,234.50"),
        ("en-GB", "1,234,567.5", "US$1,234.50"),
        ("de_DE", "1.234.567,5", "1.234,50 $"),
        ("fr_CA", "1 234 567,5", "1 234,50 $ US"),
        ("en_IN", "12,34,567.5", "$1,234.50"),
    ],
)
def test_numbers_and_money_are_the_locales(locale: str, number: str, money: str) -> None:
    spoken = words(locale)
    assert plain(spoken.number(Decimal("1234567.5"))) == number
    assert plain(spoken.amount(Decimal("1234.50"), "USD")) == money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234", "JPY", "¥1,234"),
        ("1.5", "KWD", "KWD 1.500"),
        ("0", "USD", "$0.00"),
        ("-12.3", "USD", "-$12.30"),
        ("0.0125", "USD", "$0.0125"),
        ("1234.5000", "USD", "$1,234.50"),
        ("0.5", "JPY", "¥0.50"),
        ("99999999999.99", "USD", "$99,999,999,999.99"),
        ("1E+3", "USD", "$1,000.00"),
        ("2.50", "XXX", "¤2.50"),
        ("-1.5", "KWD", "-KWD 1.500"),
    ],
)
def test_an_amount_has_its_currencys_decimals_or_more_and_is_never_rounded(
    amount: str, currency: str, shown: str
) -> None:
    assert plain(words().amount(Decimal(amount), currency)) == shown
    assert plain(words().money(Money(Decimal(amount), currency))) == shown


def test_days_and_times_are_the_companys() -> None:
    """The third of July there, while it is the fourth elsewhere."""
    assert words().today() == date(2026, 7, 3)
    assert plain(words().moment(NOW)) == "Jul 3, 2026, 11:30:00 PM"
    assert plain(words("en_GB", "Europe/London").moment(NOW)) == "4 Jul 2026, 04:30:00"
    assert words("de_DE").day(date(2026, 7, 3)) == "03.07.2026"


def test_summer_time_is_minded() -> None:
    winter = datetime(2026, 1, 4, 12, 0, tzinfo=UTC)
    assert plain(words().moment(winter)) == "Jan 4, 2026, 7:00:00 AM"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "just now"),
        (4, "just now"),
        (12, "12 seconds ago"),
        (180, "3 minutes ago"),
        (7200, "2 hours ago"),
        (3 * 86_400, "3 days ago"),
        (-180, "in 3 minutes"),
    ],
)
def test_how_long_ago(seconds: int, shown: str) -> None:
    assert words().ago(NOW - timedelta(seconds=seconds)) == shown


def test_sentences_stay_english_whatever_the_locale_is() -> None:
    german = words("de_DE")
    assert german.ago(NOW - timedelta(minutes=3)) == "3 minutes ago"
    assert german.duration(12) == "12 seconds"
    assert german.language == "en-DE"
    assert words("de").language == "en"


def test_counts_say_one_and_many() -> None:
    assert words().count(1, "item") == "1 item"
    assert words().count(3629, "item") == "3,629 items"
    assert words().count(0, "company", "companies") == "0 companies"


def test_a_moment_that_took_no_time_took_a_second() -> None:
    assert words().duration(0.2) == "1 second"


@pytest.mark.parametrize(
    "odd", ["", "xx", "de_", "../../etc/passwd", "en_US\x00", "🎉", "a" * 4000]
)
def test_what_is_no_locale_and_no_zone_is_passed_over(odd: str) -> None:
    """The next that is known counts, else the usual ones."""
    chosen = Words.of([odd, "de_DE"], [odd, "Europe/Berlin"], NOW)
    assert chosen.number(1234) == "1.234"
    assert chosen.today() == date(2026, 7, 4)
    assert str(Words.of([odd], [odd], NOW).moment(NOW)).startswith("Jul 4, 2026, 3:30")

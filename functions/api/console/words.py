"""Numbers, money and time as the company writes them; the sentences themselves are English.

Babel is imported when the first page is rendered: callers of the API never need it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from shared.domain.money import Money

if TYPE_CHECKING:
    from babel import Locale

USUAL_LOCALE: Final = "en_US"
_CODE_BEFORE_NUMBER: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")
"""CLDR sets a code apart from its number ("KWD 1.500", currencySpacing), which Babel does not do."""


@dataclass(frozen=True, slots=True)
class Words:
    """For one company. `now` is the instant of the request."""

    locale: Locale
    zone: tzinfo
    now: datetime

    @classmethod
    def of(cls, locales: list[str], zones: list[str], now: datetime) -> Words:
        """The first locale and the first time zone that are known; texts as others wrote them."""
        return cls(_locale(locales), _zone(zones), now)

    @property
    def language(self) -> str:
        """For the page's `lang`: whatever the locale is, the words are English."""
        return f"en-{self.locale.territory}" if self.locale.territory else "en"

    def number(self, value: int | Decimal) -> str:
        """With all its decimals."""
        from babel.numbers import format_decimal

        return format_decimal(value, locale=self.locale, decimal_quantization=False)

    def money(self, money: Money) -> str:
        """With the currency's own decimals, or more where the amount has more."""
        return self.amount(money.amount, money.currency)

    def amount(self, amount: Decimal, currency: str) -> str:
        from babel.numbers import format_currency, get_currency_precision

        places = -int(amount.normalize().as_tuple().exponent) if amount else 0
        exact = places > get_currency_precision(currency)
        text = format_currency(
            amount,
            currency,
            locale=self.locale,
            currency_digits=not exact,
            decimal_quantization=not exact,
        )
        return _CODE_BEFORE_NUMBER.sub("\N{NO-BREAK SPACE}", text)

    def day(self, day: date) -> str:
        from babel.dates import format_date

        return format_date(day, format="medium", locale=self.locale)

    def moment(self, at: datetime) -> str:
        """In the company's time zone."""
        from babel.dates import format_datetime

        return format_datetime(at, format="medium", tzinfo=self.zone, locale=self.locale)

    def ago(self, at: datetime) -> str:
        """How long before the request: "3 minutes ago"."""
        from babel.dates import format_timedelta

        seconds = (self.now - at).total_seconds()
        if abs(seconds) < 5:  # noqa: PLR2004 - nobody counts these
            return "just now"
        return format_timedelta(
            -(self.now - at), add_direction=True, locale=_english(self.locale), threshold=1.1
        )

    def duration(self, seconds: float) -> str:
        """Such as "12 seconds" or "3 minutes"."""
        from babel.dates import format_timedelta

        return format_timedelta(
            timedelta(seconds=max(1, round(seconds))), locale=_english(self.locale), threshold=1.5
        )

    def count(self, number: int, noun: str, plural: str = "") -> str:
        """Such as "1 item" or "3,629 items"."""
        return f"{self.number(number)} {noun if number == 1 else plural or f'{noun}s'}"

    def today(self) -> date:
        """The business date of the company."""
        return self.now.astimezone(self.zone).date()


def _locale(wanted: list[str]) -> Locale:
    from babel import Locale, UnknownLocaleError

    for text in wanted:
        try:
            return Locale.parse(text.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse(USUAL_LOCALE)


def _english(locale: Locale) -> Locale:
    """English as it is written there, or English: these words stand in English sentences."""
    return locale if locale.language == "en" else _locale([])


def _zone(wanted: list[str]) -> tzinfo:
    for text in wanted:
        try:
            return ZoneInfo(text)
        except (ValueError, OSError, KeyError):
            continue
    return UTC

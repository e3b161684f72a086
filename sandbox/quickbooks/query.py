"""The query language: parsing, and the answer over a company's rows.

Only what the documentation grants: one entity, AND, the listed operators, quoted values. Everything else
is a 4000 (cannot be parsed) or a 4001 (parsed, but not valid).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.entities import KINDS
from sandbox.quickbooks.entities.kind import EntityKind
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record, Table, number_of
from sandbox.quickbooks.settings import QuickBooksSettings

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
_SINGLES = ("CompanyInfo", "Preferences")
_KEYWORDS = frozenset(
    {"and", "orderby", "order", "startposition", "maxresults", "where", "from", "or"}
)

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<operator><=|>=|=|<|>)|(?P<symbol>[*(),])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)|(?P<number>\d+(?:\.\d+)?))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    entity: str
    counts: bool
    conditions: tuple[Condition, ...]
    order_by: str
    descending: bool
    start: int
    most: int


def parse(text: str, settings: QuickBooksSettings) -> Statement:
    """Raises ``Refusal`` 4000 for what is not in the grammar, 4001 for positions out of range."""
    if settings.refuse_non_ascii_queries and not text.isascii():
        position = next(index for index, character in enumerate(text) if not character.isascii())
        raise refusals.query_syntax(
            f"Lexical error at line 1, column {position + 1}. Encountered: {text[position]!a}"
        )
    return _Parser(_tokens(text), settings).statement()


def answer(
    statement: Statement, company: Company, settings: QuickBooksSettings, now: datetime
) -> JsonObject:
    """The content of ``QueryResponse``. Raises ``Refusal`` 4001."""
    kind = _kind(statement.entity, settings)
    if kind is None:
        rows = company.rows(_exact_single(statement.entity, settings)) or []
    else:
        rows = _matching(statement, kind, company, now)
    if statement.counts:
        return {"totalCount": len(rows)}
    if not statement.order_by and settings.unordered_rows == "shuffled":
        rows.sort(key=lambda row: row.shuffled_position)
    page = rows[statement.start - 1 : statement.start - 1 + statement.most]
    if not page:
        return {}
    name = kind.name if kind is not None else _exact_single(statement.entity, settings)
    listed: list[Json] = [row.wire for row in page]
    return {name: listed, "startPosition": statement.start, "maxResults": len(page)}


def _matching(
    statement: Statement, kind: EntityKind, company: Company, now: datetime
) -> list[Record]:
    tests = [_test(kind, condition, now) for condition in statement.conditions]
    order = _queryable(kind, statement.order_by) if statement.order_by else None
    if not any(condition.field.lower() == "active" for condition in statement.conditions):
        tests.append(lambda row: row.active)
    rows = [
        row for row in _candidates(statement, kind, company) if all(test(row) for test in tests)
    ]
    if order is not None:
        rows.sort(key=lambda row: _sort_key(order, row), reverse=statement.descending)
    return rows


def _candidates(statement: Statement, kind: EntityKind, company: Company) -> list[Record]:
    """The fewest rows that an index finds for one of the conditions with = or IN, otherwise all."""
    table = company.table(kind.name)
    found = [
        rows
        for condition in statement.conditions
        if condition.operator in ("=", "in")
        and (rows := _indexed(condition, kind, table)) is not None
    ]
    return min(found, key=len) if found else table.rows()


def _indexed(condition: Condition, kind: EntityKind, table: Table) -> list[Record] | None:
    """The rows that meet the condition; None where no index tells."""
    known = kind.filter_property(condition.field)
    path = known[0] if known is not None else ""
    if path == "Id":
        values = dict.fromkeys(condition.values)
        return [row for value in values if (row := table.get(value)) is not None]
    folded = dict.fromkeys(value.casefold() for value in condition.values)
    if path in ("Name", "DisplayName"):
        return [row for value in folded for row in table.named(value)]
    if path in kind.indexed and not {" ", _CURRENT_DATE.casefold()} & set(folded):
        return [row for value in folded for row in table.found(path, value) or []]
    return None


def _test(kind: EntityKind, condition: Condition, now: datetime) -> Callable[[Record], bool]:
    name, rule = _queryable(kind, condition.field)
    if name == "Id" and condition.operator not in ("=", "in"):
        raise refusals.query_invalid(
            f"Operator {condition.operator} is not supported for property Id"
        )
    if condition.operator == "like":
        pattern = re.compile(
            ".*".join(re.escape(part) for part in condition.values[0].casefold().split("%")),
            re.DOTALL,
        )
        return lambda row: pattern.fullmatch(str(row.property(name) or "").casefold()) is not None
    wanted = [_comparable(name, rule, value, now) for value in condition.values]
    if condition.operator in ("=", "in"):
        return lambda row: _value(name, rule, row, now) in wanted
    compare = _COMPARISONS[condition.operator]
    return lambda row: (
        (value := _value(name, rule, row, now)) is not None and compare(value, wanted[0])
    )


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "<": lambda left, right: left < right,  # type: ignore[operator]  # both sides come from _comparable
    ">": lambda left, right: left > right,  # type: ignore[operator]
    "<=": lambda left, right: left <= right,  # type: ignore[operator]
    ">=": lambda left, right: left >= right,  # type: ignore[operator]
}


def _value(name: str, rule: Property, row: Record, now: datetime) -> object:
    value = row.property(name)
    return None if value is None else _comparable(name, rule, value, now)


def _comparable(name: str, rule: Property, value: Json, now: datetime) -> object:
    """A value as its property compares it; None for the blank that stands for "no value"."""
    if value == " ":
        return None
    if rule.kind == "boolean":
        return _boolean(name, value)
    if rule.kind == "number":
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise refusals.query_invalid(
                f"value {value} is not a number for property {name}"
            ) from None
    if name.startswith("MetaData."):
        return _moment(name, now.date().isoformat() if value == _CURRENT_DATE else str(value))
    if rule.kind == "date" and value == _CURRENT_DATE:
        return now.date().isoformat()
    return str(value).casefold()


_CURRENT_DATE = "CURRENT_DATE"


def _boolean(name: str, value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise refusals.query_invalid(f"value {value} is not a boolean for property {name}")


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refusals.query_invalid(f"Invalid date format for property {name}") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _sort_key(order: tuple[str, Property], row: Record) -> tuple[bool, object, int]:
    name, rule = order
    value = row.property(name)
    if name == "Id":
        return True, number_of(row.id), 0
    known = value is not None
    return (
        known,
        _comparable(name, rule, value, datetime.now(UTC)) if known else 0,
        number_of(row.id),
    )


def _queryable(kind: EntityKind, field: str) -> tuple[str, Property]:
    found = kind.filter_property(field)
    if found is None:
        raise refusals.query_invalid(f"property '{field}' is not queryable")
    return found


def _kind(entity: str, settings: QuickBooksSettings) -> EntityKind | None:
    """The entity, None for CompanyInfo and Preferences. Raises ``Refusal`` when there is no such thing."""
    if entity in KINDS:
        return KINDS[entity]
    if not settings.case_sensitive_entities:
        for name, kind in KINDS.items():
            if name.lower() == entity.lower():
                return kind
    if _exact_single(entity, settings):
        return None
    raise refusals.query_invalid(f"Entity {entity} is not valid")


def _exact_single(entity: str, settings: QuickBooksSettings) -> str:
    for name in _SINGLES:
        if name == entity or (
            not settings.case_sensitive_entities and name.lower() == entity.lower()
        ):
            return name
    return ""


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise refusals.query_syntax(
                f'Lexical error at line 1, column {position + 1}. Encountered: "{text[position]}"'
            )
        tokens.append((found.lastgroup, found.group(found.lastgroup)))
        position = found.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens, one method per clause."""

    def __init__(self, tokens: list[tuple[str, str]], settings: QuickBooksSettings) -> None:
        self._tokens = tokens
        self._settings = settings
        self._position = 0

    def statement(self) -> Statement:
        self._expect_word("select")
        counts = self._selection()
        self._expect_word("from")
        entity = self._word("an entity")
        conditions = self._conditions() if self._skip_word("where") else ()
        order_by, descending = self._order()
        start = self._position_number() if self._skip_word("startposition") else 1
        most = self._position_number() if self._skip_word("maxresults") else DEFAULT_PAGE
        if self._peek() != ("", ""):
            raise self._unexpected()
        if most > LARGEST_PAGE:
            if self._settings.oversized_pages == "refuse":
                raise refusals.query_invalid(
                    f"value {most} is too large. Max allowed value is {LARGEST_PAGE}"
                )
            most = LARGEST_PAGE
        return Statement(entity, counts, conditions, order_by, descending, start, most)

    def _selection(self) -> bool:
        if self._skip("symbol", "*"):
            while self._skip("symbol", ","):
                self._field_list_allowed("star", "any")
                self._word("a field")
            return False
        if self._skip_word("count"):
            for symbol in "(*)":
                if not self._skip("symbol", symbol):
                    raise self._unexpected()
            return True
        self._field_list_allowed("any")
        self._word("a field")
        while self._skip("symbol", ","):
            self._word("a field")
        return False

    def _field_list_allowed(self, *modes: str) -> None:
        if self._settings.select_field_lists not in modes:
            raise self._unexpected()

    def _conditions(self) -> tuple[Condition, ...]:
        conditions = [self._condition()]
        while self._skip_word("and"):
            conditions.append(self._condition())
        return tuple(conditions)

    def _condition(self) -> Condition:
        field = self._word("a property")
        kind, text = self._next()
        if kind == "operator":
            return Condition(field, text, (self._value(),))
        if (kind, text.lower()) == ("word", "like"):
            return Condition(field, "like", (self._string(),))
        if (kind, text.lower()) == ("word", "in"):
            return Condition(field, "in", self._list())
        self._position -= 1
        raise self._unexpected()

    def _list(self) -> tuple[str, ...]:
        if not self._skip("symbol", "("):
            raise self._unexpected()
        values = [self._value()]
        while self._skip("symbol", ","):
            values.append(self._value())
        if not self._skip("symbol", ")"):
            raise self._unexpected()
        return tuple(values)

    def _value(self) -> str:
        kind, text = self._peek()
        if kind == "word" and text.lower() in ("true", "false", "current_date"):
            self._position += 1
            return text.upper() if text.lower() == "current_date" else text.lower()
        if kind == "number" and self._settings.bare_numbers:
            self._position += 1
            return text
        return self._string()

    def _string(self) -> str:
        kind, text = self._next()
        if kind != "string":
            self._position -= 1
            raise self._unexpected()
        return _ESCAPE.sub(self._unescaped, text[1:-1])

    def _unescaped(self, found: re.Match[str]) -> str:
        if found[1] in "'\\":
            return found[1]
        if self._settings.refuse_lone_backslash:
            raise refusals.query_syntax(f'Lexical error. Encountered: "{found[1]}" after: "\\"')
        return found[0]

    def _order(self) -> tuple[str, bool]:
        two_words = self._settings.two_word_order_by and self._skip_word("order")
        if two_words:
            self._expect_word("by")
        elif not self._skip_word("orderby"):
            return "", False
        field = self._word("a property")
        descending = self._skip_word("desc")
        if not descending:
            self._skip_word("asc")
        return field, descending

    def _position_number(self) -> int:
        kind, text = self._next()
        if kind != "number" or "." in text:
            self._position -= 1
            raise self._unexpected()
        if int(text) < 1:
            raise refusals.query_invalid(f"value {text} is too small. Min allowed value is 1")
        return int(text)

    def _word(self, what: str) -> str:
        kind, text = self._peek()
        if kind != "word" or text.lower() in _KEYWORDS:
            raise self._unexpected(what)
        self._position += 1
        return text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._position] if self._position < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._position += 1
        return token

    def _skip(self, kind: str, text: str) -> bool:
        if self._peek() == (kind, text):
            self._position += 1
            return True
        return False

    def _skip_word(self, word: str) -> bool:
        kind, text = self._peek()
        if kind == "word" and text.lower() == word:
            self._position += 1
            return True
        return False

    def _expect_word(self, word: str) -> None:
        if not self._skip_word(word):
            raise self._unexpected(word)

    def _unexpected(self, expected: str = "") -> refusals.Refusal:
        found = self._peek()[1] or "<EOF>"
        wanted = f" Was expecting: {expected}" if expected else ""
        return refusals.query_syntax(f'Encountered "{found}".{wanted}')

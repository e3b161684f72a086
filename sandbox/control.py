"""``/control``: look at the sandbox and change how it behaves. For tests and the launcher; no sign-in."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox import options
from sandbox.issuer.people import Person
from sandbox.issuer.state import TokenOrder
from sandbox.jsontext import InvalidJson, JsonObject, dumps, loads
from sandbox.quickbooks import planting, preferences, reports
from sandbox.quickbooks.companies import Company, CompanyProfile, contents, described
from sandbox.quickbooks.entities import KINDS
from sandbox.quickbooks.entities.kind import Context
from sandbox.quickbooks.grants import Client, Grant
from sandbox.quickbooks.refusals import Refusal
from sandbox.state import SandboxState

Action: TypeAlias = Callable[[Request], Awaitable[JsonObject]]

_YES = ("1", "true")
_REALM = re.compile("[0-9]{10,19}")


@dataclass(frozen=True)
class Advance:
    advance_seconds: float


@dataclass(frozen=True)
class WhichGrants:
    """All grants, those of a realm, or one."""

    realm: str = ""
    grant_id: str = ""


@dataclass(frozen=True)
class NewClient:
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planting:
    """Objects that appear as if a person had made them in the books."""

    realm: str
    entity: str = "Item"
    values: tuple[dict[str, object], ...] = field(default_factory=tuple)
    operation: Literal["write", "void", "delete"] = "write"
    raw: bool = False


@dataclass(frozen=True)
class Deposit:
    """Payments that go into a bank deposit, or come out of theirs."""

    realm: str
    payments: tuple[str, ...]
    deposited: bool = True


@dataclass(frozen=True)
class RotateKeys:
    keep_former: bool = True


class Control:
    """The actions. Each takes the body, the query, or nothing, and gives the JSON to answer with."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._quickbooks = state.quickbooks

    def routes(self) -> list[BaseRoute]:
        """Routes to mount at ``/control``."""
        return [
            _route("GET", "/health", _shows(self.health)),
            _route("POST", "/clock", _does(self.advance_clock)),
            _route("GET", "/settings", _shows(self.settings)),
            _route("POST", "/settings", _does(self.change_settings)),
            _route("GET", "/faults", _shows(self.faults)),
            _route("POST", "/faults", _does(self.add_faults)),
            _route("DELETE", "/faults", _shows(self.clear_faults)),
            _route("GET", "/counters", _shows(self.counters)),
            _route("POST", "/counters/reset", _shows(self.reset_counters)),
            _route("GET", "/requests", _finds(self.requests)),
            _route("GET", "/state", _finds(self.contents)),
            _route("POST", "/reset", _shows(self.reset)),
            _route("GET", "/companies", _shows(self.companies)),
            _route("POST", "/companies", _does(self.add_company)),
            _route("GET", "/companies/preferences", _finds(self.preferences)),
            _route("POST", "/companies/preferences", _does(self.change_preferences)),
            _route("POST", "/clients", _does(self.add_client)),
            _route("POST", "/entities", _does(self.plant)),
            _route("POST", "/deposits", _does(self.deposit)),
            _route("GET", "/money", _finds(self.money)),
            _route("GET", "/grants", _shows(self.grants)),
            _route("GET", "/grants/issued", _finds(self.issued)),
            _route("POST", "/grants/revoke", _does(self.revoke_grants)),
            _route("POST", "/grants/expire-access", _does(self.expire_access)),
            _route("POST", "/issuer/token", _does(self.issuer_token)),
            _route("POST", "/issuer/people", _does(self.add_person)),
            _route("POST", "/issuer/rotate-keys", _does(self.rotate_keys)),
        ]

    def health(self) -> JsonObject:
        state = self._state
        return {
            "ready": True,
            "generation": state.generation,
            "loaded": state.loaded,
            "baseUrl": state.base_url,
        }

    def advance_clock(self, body: JsonObject) -> JsonObject:
        self._state.clock.advance(options.read(Advance, body).advance_seconds)
        self._quickbooks.alarms.ring()
        return {"now": self._state.clock.now().isoformat()}

    def settings(self) -> JsonObject:
        return {"quickbooks": options.described(self._quickbooks.settings)}

    def change_settings(self, body: JsonObject) -> JsonObject:
        unknown = sorted(set(body) - {"quickbooks"})
        if unknown:
            raise options.InvalidOption(f"unknown provider {unknown[0]!r}; known: quickbooks")
        self._quickbooks.change_settings(
            options.need_object(body.get("quickbooks", {}), "quickbooks")
        )
        return self.settings()

    def faults(self) -> JsonObject:
        return {"rules": self._quickbooks.faults.described()}

    def add_faults(self, body: JsonObject) -> JsonObject:
        rules = body.get("rules")
        if set(body) != {"rules"} or not isinstance(rules, list):
            raise options.InvalidOption('the body must be {"rules": [...]}')
        self._quickbooks.faults.add(rules)
        return self.faults()

    def clear_faults(self) -> JsonObject:
        self._quickbooks.faults.clear()
        return self.faults()

    def counters(self) -> JsonObject:
        return self._quickbooks.journal.described()

    def reset_counters(self) -> JsonObject:
        self._quickbooks.journal.reset_counters()
        return self.counters()

    def requests(self, asked: Mapping[str, str]) -> JsonObject:
        entries = self._quickbooks.journal.entries(
            kind=asked.get("kind", ""),
            realm=asked.get("realm", ""),
            after=_whole_number(asked.get("after", "0")),
            limit=_whole_number(asked.get("limit", "1000")),
            with_names=asked.get("names", "") in _YES,
        )
        return {"requests": entries}

    def contents(self, asked: Mapping[str, str]) -> JsonObject:
        realm, light = asked.get("realm", ""), asked.get("light", "") in _YES
        entities = [asked["entity"]] if "entity" in asked else list(KINDS)
        if not set(entities) <= set(KINDS):
            raise options.InvalidOption(f"unknown entity; known: {', '.join(KINDS)}")
        return {
            "companies": {
                one: {entity: contents(company, entity, light=light) for entity in entities}
                for one, company in self._quickbooks.companies.items()
                if realm in ("", one)
            }
        }

    def reset(self) -> JsonObject:
        self._state.reset()
        return self.health()

    def companies(self) -> JsonObject:
        return {
            "companies": [described(company) for company in self._quickbooks.companies.values()]
        }

    def add_company(self, body: JsonObject) -> JsonObject:
        profile = options.read(CompanyProfile, body)
        if _REALM.fullmatch(profile.realm) is None:
            raise options.InvalidOption("realm must be 10 to 19 digits")
        if profile.realm in self._quickbooks.companies:
            raise options.InvalidOption(f"realm {profile.realm} exists")
        return described(self._quickbooks.add_company(profile))

    def add_client(self, body: JsonObject) -> JsonObject:
        new = options.read(NewClient, body)
        client = Client(new.client_id, new.client_secret, new.redirect_uris)
        self._quickbooks.grants.clients[client.id] = client
        return {"clientId": client.id}

    def preferences(self, asked: Mapping[str, str]) -> JsonObject:
        return preferences.described(self._company(asked.get("realm", "")).preferences)

    def change_preferences(self, body: JsonObject) -> JsonObject:
        """Only what is named changes; ``realm`` says whose."""
        company = self._company(str(body.get("realm", "")))
        company.change_preferences({name: body[name] for name in body if name != "realm"})
        return preferences.described(company.preferences)

    def plant(self, body: JsonObject) -> JsonObject:
        order = options.read(Planting, body)
        company = self._company(order.realm)
        if order.entity not in KINDS:
            raise options.InvalidOption(f"unknown entity; known: {', '.join(KINDS)}")
        context = Context(company, self._quickbooks.settings, self._state.clock.now())
        planted = planting.plant(
            KINDS[order.entity], order.values, context, order.operation, raw=order.raw
        )
        return {"entities": list(planted)}

    def deposit(self, body: JsonObject) -> JsonObject:
        order = options.read(Deposit, body)
        company, now = self._company(order.realm), self._state.clock.now()
        return {
            "depositId": planting.deposit(company, order.payments, now, deposited=order.deposited)
        }

    def money(self, asked: Mapping[str, str]) -> JsonObject:
        company = self._company(asked.get("realm", ""))
        return reports.money(company, light=asked.get("light", "") in _YES)

    def _company(self, realm: str) -> Company:
        company = self._quickbooks.companies.get(realm)
        if company is None:
            raise options.InvalidOption(f"there is no realm {realm!r}")
        return company

    def grants(self) -> JsonObject:
        return {
            "grants": [
                {
                    "grantId": one.id,
                    "realm": one.realm,
                    "clientId": one.client_id,
                    "revoked": one.revoked,
                }
                for one in self._quickbooks.grants.select()
            ]
        }

    def issued(self, asked: Mapping[str, str]) -> JsonObject:
        """For whoever has to know what must show nowhere."""
        return {"secrets": list(self._quickbooks.grants.issued(asked.get("realm", "")))}

    def revoke_grants(self, body: JsonObject) -> JsonObject:
        """As the person does it inside QuickBooks."""
        chosen = self._chosen_grants(body)
        for grant in chosen:
            self._quickbooks.grants.revoke(grant.id)
        return {"grants": len(chosen)}

    def expire_access(self, body: JsonObject) -> JsonObject:
        chosen = self._chosen_grants(body)
        for grant in chosen:
            self._quickbooks.grants.expire_access(grant, self._state.clock.seconds())
        return {"grants": len(chosen)}

    def issuer_token(self, body: JsonObject) -> JsonObject:
        token, claims = self._state.issuer.order(options.read(TokenOrder, body))
        return {"token": token, "claims": claims}

    def add_person(self, body: JsonObject) -> JsonObject:
        """Somebody who can sign in; one who can already is replaced."""
        person = options.read(Person, body)
        self._state.issuer.people[person.id] = person
        return {"person": options.described(person)}

    def rotate_keys(self, body: JsonObject) -> JsonObject:
        self._state.issuer.keys.rotate(keep_former=options.read(RotateKeys, body).keep_former)
        return self._state.issuer.keys.published()

    def _chosen_grants(self, body: JsonObject) -> list[Grant]:
        which = options.read(WhichGrants, body)
        return self._quickbooks.grants.select(which.realm, which.grant_id)


def _shows(show: Callable[[], JsonObject]) -> Action:
    async def act(_request: Request) -> JsonObject:
        return show()

    return act


def _does(do: Callable[[JsonObject], JsonObject]) -> Action:
    async def act(request: Request) -> JsonObject:
        return do(options.need_object(loads(await request.body() or b"{}")))

    return act


def _finds(find: Callable[[Mapping[str, str]], JsonObject]) -> Action:
    async def act(request: Request) -> JsonObject:
        return find(request.query_params)

    return act


def _route(method: str, path: str, action: Action) -> BaseRoute:
    async def handle(request: Request) -> Response:
        status, content = 200, JsonObject()
        try:
            content = await action(request)
        except (options.InvalidOption, InvalidJson) as error:
            status, content = 400, {"error": str(error)}
        except Refusal as refusal:
            status, content = 400, {"error": refusal.detail, "code": refusal.code}
        return Response(dumps(content), status, media_type="application/json")

    return Route(path, handle, methods=[method])


def _whole_number(text: str) -> int:
    if not text.isdecimal():
        raise options.InvalidOption(f"{text!r} is not a whole number")
    return int(text)

"""A connected client of one company: the wire as a test writes it, nothing in between."""

import base64
from decimal import Decimal
from typing import Any, Self

import httpx2

from tests.support.sandbox_process import (
    CEDAR_RIDGE,
    CLIENT_ID,
    CLIENT_SECRET,
    SandboxProcess,
    plain_client,
)

PLUMBING = "45"
INTEREST = "86"
SEPTIC_INACTIVE = "53"
COST_OF_GOODS = "80"
INVENTORY_ASSET = "81"


def service(name: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": PLUMBING}, **more}


def creation(b_id: str, name: str, **more: Any) -> dict[str, Any]:
    return {"bId": b_id, "operation": "create", "Item": service(name, **more)}


def creations(count: int, prefix: str = "Item") -> list[dict[str, Any]]:
    return [creation(str(number), f"{prefix} {number}") for number in range(1, count + 1)]


class Books:
    def __init__(self, sandbox: SandboxProcess, realm: str = CEDAR_RIDGE) -> None:
        self.sandbox = sandbox
        self.realm = realm
        self.tokens = sandbox.control.connect(realm)
        self.base = f"{sandbox.quickbooks_url}/v3/company/{realm}"
        self.http = plain_client()
        self.use(self.tokens)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def use(self, tokens: dict[str, Any]) -> None:
        self.http.headers.update(
            {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"}
        )

    def post(self, path: str, body: Any, **query: str) -> httpx2.Response:
        return self.http.post(f"{self.base}/{path}", json=body, params=query)

    def get(self, path: str, **query: str) -> httpx2.Response:
        return self.http.get(f"{self.base}/{path}", params=query)

    def item(self, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """The item that a write answers with."""
        answer = self.post("item", body, **query)
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] = content(answer)["Item"]
        return item

    def made(self, entity: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """The object that a write of an entity answers with."""
        answer = self.post(entity.lower(), body, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = content(answer)[entity]
        return found

    def read(self, entity: str, row_id: str) -> dict[str, Any]:
        answer = self.get(f"{entity.lower()}/{row_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = content(answer)[entity]
        return found

    def plant(self, entity: str, *values: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """What a person does in the books."""
        order = {"realm": self.realm, "entity": entity, "values": list(values), **more}
        planted: list[dict[str, Any]] = self.sandbox.control.post("/entities", order)["entities"]
        return planted

    def prefer(self, **preferences: Any) -> dict[str, Any]:
        """What the company chooses about its books."""
        order = {"realm": self.realm, **preferences}
        chosen: dict[str, Any] = self.sandbox.control.post("/companies/preferences", order)
        return chosen

    def refused(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        """The one error of a write that is refused."""
        return only_error(self.post(path, body, **query))

    def batch(self, entries: list[dict[str, Any]], **query: str) -> dict[str, dict[str, Any]]:
        """The answered entries by bId."""
        answer = self.post("batch", {"BatchItemRequest": entries}, **query)
        assert answer.status_code == 200, answer.text
        return {entry["bId"]: entry for entry in content(answer)["BatchItemResponse"]}

    def query(self, statement: str) -> dict[str, Any]:
        answer = self.get("query", query=statement)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = content(answer)["QueryResponse"]
        return found

    def query_refused(self, statement: str) -> dict[str, Any]:
        return only_error(self.get("query", query=statement))

    def token(self, **form: str) -> httpx2.Response:
        return self.http.post(
            f"{self.sandbox.quickbooks_url}/oauth2/v1/tokens/bearer",
            data=form,
            auth=(CLIENT_ID, CLIENT_SECRET),
        )

    def refresh(self, refresh_token: str) -> httpx2.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)


def content(answer: httpx2.Response) -> Any:
    return answer.json(parse_float=Decimal)


def only_error(answer: httpx2.Response) -> dict[str, Any]:
    """The error of envelope (a), which must be the whole answer, with status 400."""
    assert answer.status_code == 400, answer.text
    error: dict[str, Any]
    (error,) = content(answer)["Fault"]["Error"]
    return error


def entry_error(entry: dict[str, Any]) -> dict[str, Any]:
    error: dict[str, Any]
    (error,) = entry["Fault"]["Error"]
    return error


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()

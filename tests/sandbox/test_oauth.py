"""Consent and tokens: what an app may ask, and how long each thing it gets lives."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.sandbox.books import Books, basic
from tests.support.sandbox_process import (
    CEDAR_RIDGE,
    CLIENT_ID,
    HARBOR,
    REDIRECT_URI,
    SCOPE,
    ControlClient,
    SandboxProcess,
    plain_client,
)

ASKED = {
    "client_id": CLIENT_ID,
    "response_type": "code",
    "scope": SCOPE,
    "redirect_uri": REDIRECT_URI,
    "state": "one time only",
}
DAY = 86_400


def authorize(
    sandbox: SandboxProcess, method: str = "GET", **changes: str | None
) -> httpx2.Response:
    asked = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    given: dict[str, Any] = {"params": asked} if method == "GET" else {"data": asked}
    with plain_client() as client:
        return client.request(method, f"{sandbox.quickbooks_url}/connect/oauth2", **given)


def callback(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT_URI}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


class Form(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("input", "button"):
            self.fields.append(dict(attrs))


# Consent


def test_the_page_offers_each_company_and_both_answers_and_cannot_be_framed(
    sandbox: SandboxProcess,
) -> None:
    page = authorize(sandbox)
    fields = Form(page.text).fields

    assert [one["value"] for one in fields if one.get("name") == "company"] == [CEDAR_RIDGE, HARBOR]
    assert [one["value"] for one in fields if one.get("name") == "decision"] == ["connect", "deny"]
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_the_form_alone_carries_all_that_the_decision_needs(sandbox: SandboxProcess) -> None:
    hidden = {
        str(one["name"]): one["value"]
        for one in Form(authorize(sandbox).text).fields
        if one["name"]
    }
    with plain_client() as client:
        answer = client.post(
            f"{sandbox.quickbooks_url}/connect/oauth2",
            data={**hidden, "company": HARBOR, "decision": "connect"},
        )

    assert callback(answer)["realmId"] == HARBOR


def test_a_scripted_consent_is_one_post(sandbox: SandboxProcess) -> None:
    back = callback(authorize(sandbox, "POST", company=CEDAR_RIDGE))

    assert (back["state"], back["realmId"]) == ("one time only", CEDAR_RIDGE)
    assert back["code"]


def test_declining_goes_back_with_access_denied_and_no_code(sandbox: SandboxProcess) -> None:
    back = callback(authorize(sandbox, "POST", decision="deny", company=CEDAR_RIDGE))

    assert back == {"error": "access_denied", "state": "one time only"}


def test_auto_consent_answers_without_a_person(sandbox: SandboxProcess) -> None:
    sandbox.control.settings(autoConsent=True)
    assert callback(authorize(sandbox))["realmId"] == CEDAR_RIDGE
    sandbox.control.settings(autoConsent=HARBOR)
    assert callback(authorize(sandbox))["realmId"] == HARBOR


def test_an_unknown_scope_goes_back_with_invalid_scope(sandbox: SandboxProcess) -> None:
    assert callback(authorize(sandbox, scope=f"{SCOPE} made.up"))["error"] == "invalid_scope"


@pytest.mark.parametrize("name", list(ASKED))
def test_a_missing_parameter_is_an_error_page_and_no_redirect(
    sandbox: SandboxProcess, name: str
) -> None:
    removed: dict[str, Any] = {name: None}
    answer = authorize(sandbox, **removed)

    assert answer.status_code == 400
    assert name in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody-else"},
        {"redirect_uri": "https://elsewhere.example/callback"},
        {"redirect_uri": f"{REDIRECT_URI}?next=1"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"response_type": "token"},
    ],
)
def test_what_cannot_be_trusted_is_never_redirected(
    sandbox: SandboxProcess, changes: dict[str, str]
) -> None:
    assert authorize(sandbox, **changes).status_code == 400


def test_a_client_with_registered_addresses_may_use_only_those(sandbox: SandboxProcess) -> None:
    registered, with_query = "https://app.example/callback", "https://app.example/callback?a=1"
    sandbox.control.post(
        "/clients",
        {"clientId": "strict", "clientSecret": "s", "redirectUris": [registered, with_query]},
    )

    assert authorize(sandbox, client_id="strict", redirect_uri=registered).status_code == 200
    assert authorize(sandbox, client_id="strict", redirect_uri=f"{registered}/").status_code == 400
    assert authorize(sandbox, client_id="strict", redirect_uri=with_query).status_code == 400
    assert authorize(sandbox, client_id="strict").status_code == 400


# Codes


def exchange(books: Books, code: str, redirect_uri: str = REDIRECT_URI) -> httpx2.Response:
    return books.token(grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def test_the_answer_names_the_lifetimes_and_no_company(books: Books) -> None:
    tokens = books.tokens

    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 3600)
    assert tokens["x_refresh_token_expires_in"] == 8_726_400
    assert len(tokens["access_token"]) == 4096
    assert set(tokens) == {
        "token_type",
        "access_token",
        "refresh_token",
        "expires_in",
        "x_refresh_token_expires_in",
    }


def test_a_second_exchange_of_a_code_is_refused_and_ends_what_the_first_gave(books: Books) -> None:
    code = callback(authorize(books.sandbox, "POST", company=CEDAR_RIDGE))["code"]
    tokens = exchange(books, code).json()
    books.use(tokens)
    assert books.get("preferences").status_code == 200

    second = exchange(books, code)

    assert (second.status_code, second.content) == (400, b'{"error":"invalid_grant"}')
    assert books.get("preferences").status_code == 401
    assert books.refresh(tokens["refresh_token"]).json() == {"error": "invalid_grant"}


def test_a_code_needs_the_redirect_uri_of_its_consent(books: Books) -> None:
    code = callback(authorize(books.sandbox, "POST", company=CEDAR_RIDGE))["code"]

    assert exchange(books, code, "http://127.0.0.1:9/other").json() == {"error": "invalid_grant"}


def test_a_code_lapses(books: Books) -> None:
    code = callback(authorize(books.sandbox, "POST", company=CEDAR_RIDGE))["code"]
    books.sandbox.control.advance(301)

    assert exchange(books, code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "authorization", [basic(CLIENT_ID, "wrong"), basic("nobody", "x"), "Basic !", ""]
)
def test_wrong_client_credentials_are_invalid_client(books: Books, authorization: str) -> None:
    answer = books.http.post(
        f"{books.sandbox.quickbooks_url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": books.tokens["refresh_token"]},
        headers={"Authorization": authorization},
    )

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_another_grant_type_is_invalid_request(books: Books) -> None:
    assert books.token(grant_type="password").json() == {"error": "invalid_request"}


# Refreshing


def test_within_a_day_the_refresh_token_stays_and_its_end_does_not_move(books: Books) -> None:
    books.sandbox.control.advance(1000)
    answer = books.refresh(books.tokens["refresh_token"]).json()

    assert answer["refresh_token"] == books.tokens["refresh_token"]
    assert answer["access_token"] != books.tokens["access_token"]
    assert 8_726_400 - 1010 <= answer["x_refresh_token_expires_in"] <= 8_726_400 - 1000


def test_after_a_day_the_refresh_token_changes_and_the_former_is_dead_at_once(books: Books) -> None:
    books.sandbox.control.advance(DAY + 1)
    fresh = books.refresh(books.tokens["refresh_token"]).json()
    former = books.refresh(books.tokens["refresh_token"])

    assert fresh["refresh_token"] != books.tokens["refresh_token"]
    assert fresh["x_refresh_token_expires_in"] == 8_726_400
    assert (former.status_code, former.content) == (400, b'{"error":"invalid_grant"}')
    assert books.refresh(fresh["refresh_token"]).status_code == 200


def test_the_former_token_can_be_given_a_grace_in_which_it_does_not_rotate_again(
    books: Books,
) -> None:
    control, first = books.sandbox.control, books.tokens["refresh_token"]
    control.settings(rotationSeconds=0, formerTokenGraceSeconds=60)
    second = books.refresh(first).json()["refresh_token"]
    assert books.refresh(first).json()["refresh_token"] == second
    control.advance(61)
    assert books.refresh(first).json() == {"error": "invalid_grant"}
    assert books.refresh(second).status_code == 200


def test_reuse_of_a_dead_refresh_token_can_end_the_whole_chain(books: Books) -> None:
    books.sandbox.control.settings(rotationSeconds=0, reuseRevokesChain=True)
    second = books.refresh(books.tokens["refresh_token"]).json()["refresh_token"]
    books.refresh(books.tokens["refresh_token"])

    assert books.refresh(second).json() == {"error": "invalid_grant"}


def test_a_refresh_token_dies_of_age(books: Books) -> None:
    books.sandbox.control.advance(101 * DAY + 1)

    assert books.refresh(books.tokens["refresh_token"]).json() == {"error": "invalid_grant"}


def test_the_five_year_end_is_told_when_asked_for_and_holds_however_often_refreshed(
    books: Books,
) -> None:
    control = books.sandbox.control
    control.settings(rotationSeconds=0, hardExpirySeconds=1000)
    control.advance(600)
    answer = books.http.post(
        f"{books.sandbox.quickbooks_url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": books.tokens["refresh_token"]},
        headers={
            "Authorization": basic(CLIENT_ID, "sandbox-secret"),
            "x-include-refresh-token-hard-expires-in": "true",
        },
    ).json()
    assert 390 <= answer["x_refresh_token_hard_expires_in"] <= 400
    control.advance(401)

    assert books.refresh(answer["refresh_token"]).json() == {"error": "invalid_grant"}


def test_a_refresh_token_of_another_client_is_refused(books: Books) -> None:
    books.sandbox.control.post("/clients", {"clientId": "other", "clientSecret": "s"})
    answer = books.http.post(
        f"{books.sandbox.quickbooks_url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": books.tokens["refresh_token"]},
        auth=("other", "s"),
    )

    assert answer.json() == {"error": "invalid_grant"}


def test_lifetimes_can_come_as_text_and_the_error_can_have_a_description(books: Books) -> None:
    books.sandbox.control.settings(lifetimesAsStrings=True, invalidGrantDescription="Token invalid")

    assert books.refresh(books.tokens["refresh_token"]).json()["expires_in"] == "3600"
    assert books.refresh("nonsense").json() == {
        "error": "invalid_grant",
        "error_description": "Token invalid",
    }


# Ending


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_connection(books: Books, which: str) -> None:
    answer = books.http.post(
        f"{books.sandbox.quickbooks_url}/v2/oauth2/tokens/revoke",
        json={"token": books.tokens[which]},
        auth=(CLIENT_ID, "sandbox-secret"),
    )

    assert answer.status_code == 200
    assert books.refresh(books.tokens["refresh_token"]).json() == {"error": "invalid_grant"}
    assert books.get("preferences").status_code == 401


def test_a_person_who_disconnects_inside_quickbooks_ends_only_that_company(books: Books) -> None:
    with Books(books.sandbox, HARBOR) as other:
        books.sandbox.control.post("/grants/revoke", {"realm": CEDAR_RIDGE})

        assert books.get("preferences").status_code == 401
        assert other.get("preferences").status_code == 200


# Bearer tokens


def test_an_expired_token_is_a_401_whose_detail_repeats_the_token(books: Books) -> None:
    books.sandbox.control.post("/grants/expire-access", {"realm": CEDAR_RIDGE})
    answer = books.get("preferences")
    body = answer.json()

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'
    assert list(body) == [
        "warnings",
        "intuitObject",
        "fault",
        "report",
        "queryResponse",
        "batchItemResponse",
        "attachableResponse",
        "syncErrorResponse",
        "requestId",
        "time",
        "status",
        "cdcresponse",
    ]
    (error,) = body["fault"]["error"]
    assert (error["code"], error["detail"]) == (
        "3200",
        f"Token expired: {books.tokens['access_token']}",
    )
    assert error["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert isinstance(body["time"], int)
    assert books.refresh(books.tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic abc"])
def test_no_known_token_is_a_401(books: Books, authorization: str) -> None:
    answer = books.http.get(f"{books.base}/preferences", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.json()["fault"]["type"] == "AUTHENTICATION"


@pytest.mark.parametrize("realm", [HARBOR, "1234567890123456"])
def test_a_token_of_another_company_is_a_403_with_3100(books: Books, realm: str) -> None:
    answer = books.http.get(f"{books.sandbox.quickbooks_url}/v3/company/{realm}/preferences")

    assert answer.status_code == 403
    assert answer.json()["fault"]["error"][0]["code"] == "3100"


def test_a_token_without_the_accounting_scope_is_a_403(books: Books) -> None:
    books.use(books.sandbox.control.connect(scope="openid"))

    assert books.get("preferences").status_code == 403


def test_gateway_errors_can_be_xml_although_json_was_asked_for(
    books: Books, control: ControlClient
) -> None:
    control.settings(gatewayErrorFormat="alternate")
    books.http.headers["Authorization"] = "Bearer nonsense"
    types = {books.get("preferences").headers["content-type"].split(";")[0] for _ in range(2)}

    assert types == {"application/json", "application/xml"}

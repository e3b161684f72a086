"""Who is let in, and from where a button may be pressed."""

from __future__ import annotations

import pytest

from tests.support.api_client import ApiWorld

PAGE = "/console/integrations"


def test_nobody_is_sent_to_the_sign_in_and_back(world: ApiWorld) -> None:
    answer = world.client.get(f"{PAGE}?a=1&b=2", follow_redirects=False)
    assert answer.status_code == 303
    assert (
        answer.headers["location"]
        == "/console/sign-in?next=%2Fconsole%2Fintegrations%3Fa%3D1%26b%3D2"
    )


def test_a_session_ends(world: ApiWorld) -> None:
    world.sees(PAGE)
    world.clock.sleep(3601)
    world.client.cookies.set("__Host-session", "session-of-office")
    assert world.client.get(PAGE, follow_redirects=False).status_code == 303


def test_a_bearer_token_is_no_session(world: ApiWorld) -> None:
    answer = world.client.get(PAGE, headers=world.as_("office"), follow_redirects=False)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://sync.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_button_pressed_from_elsewhere_does_nothing(
    world: ApiWorld, headers: dict[str, str]
) -> None:
    answer = world.presses(f"{PAGE}/quickbooks/connect", headers=headers)
    assert answer.status_code == 403
    assert "came from another site" in answer.text
    assert world.services.stores.consents.take("x") is None


def test_a_browser_that_sends_only_its_origin_is_believed(world: ApiWorld) -> None:
    answer = world.presses(f"{PAGE}/quickbooks/connect", headers={"Origin": "https://sync.example"})
    assert answer.status_code == 200


def test_who_may_only_read_presses_nothing(world: ApiWorld) -> None:
    answer = world.presses(f"{PAGE}/quickbooks/connect", who="clerk")
    assert answer.status_code == 403
    assert "Your role does not allow this." in answer.text


def test_every_page_forbids_what_it_does_not_need(world: ApiWorld) -> None:
    policy = world.sees(PAGE).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_an_unknown_page_says_so(world: ApiWorld) -> None:
    answer = world.sees("/console/nothing")
    assert answer.status_code == 404
    assert "This page does not exist" in answer.text
    assert "text/html" in answer.headers["content-type"]

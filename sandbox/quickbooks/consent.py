"""The authorize URL: the person looks at the app's request and chooses a company, or declines."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from sandbox import pages
from sandbox.clock import Clock
from sandbox.delivery import Answer
from sandbox.forms import is_loopback
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.grants import KNOWN_SCOPES, Client, Grants
from sandbox.quickbooks.settings import QuickBooksSettings

_PARAMETERS = ("client_id", "response_type", "scope", "redirect_uri", "state")


def ask(
    given: Mapping[str, str],
    grants: Grants,
    companies: Mapping[str, Company],
    settings: QuickBooksSettings,
    clock: Clock,
) -> Answer:
    """The consent page; with ``autoConsent``, the redirect that pressing Connect would give."""
    refused = _check(given, grants, settings)
    if refused is not None:
        return refused
    if settings.auto_consent is not False:
        chosen = (
            settings.auto_consent
            if isinstance(settings.auto_consent, str)
            else next(iter(companies), "")
        )
        return decide({**given, "company": chosen}, grants, companies, settings, clock)
    choices = "".join(
        f'<label><input type="radio" name="company" value="{escape(realm)}"'
        f"{' checked' if index == 0 else ''}> "
        f"{escape(company.profile.name)}</label>"
        for index, (realm, company) in enumerate(companies.items())
    )
    return pages.page(
        "Connect to QuickBooks",
        f"<p>The app <strong>{escape(given['client_id'])}</strong> asks to read and change your books.</p>"
        f'<form method="post" action="?">{pages.hidden({name: given[name] for name in _PARAMETERS})}'
        f"<fieldset><legend>Which company?</legend>{choices}</fieldset>"
        '<button class="first" name="decision" value="connect">Connect</button> '
        '<button class="second" name="decision" value="deny">No thanks</button></form>'
        '<p class="note">This is the sandbox: no real books are touched.</p>',
    )


def decide(
    given: Mapping[str, str],
    grants: Grants,
    companies: Mapping[str, Company],
    settings: QuickBooksSettings,
    clock: Clock,
) -> Answer:
    """What the page's form leads to: back to the app with a code, or with ``access_denied``."""
    refused = _check(given, grants, settings)
    if refused is not None:
        return refused
    redirect_uri, state = given["redirect_uri"], given["state"]
    if given.get("decision", "connect") == "deny":
        return _back(redirect_uri, {"error": "access_denied", "state": state})
    realm = given.get("company", "")
    if realm not in companies:
        return pages.trouble("Choose a company", f"There is no company {realm!r} here.")
    scopes = tuple(given["scope"].split())
    code = grants.new_code(
        given["client_id"], realm, scopes, redirect_uri, clock.seconds() + settings.code_seconds
    )
    return _back(redirect_uri, {"code": code, "state": state, "realmId": realm})


def _check(given: Mapping[str, str], grants: Grants, settings: QuickBooksSettings) -> Answer | None:
    """An error page where the app cannot be trusted with a redirect, a redirect for a wrong scope."""
    missing = [name for name in _PARAMETERS if not given.get(name)]
    if missing:
        return pages.trouble(
            "Sorry, something is missing", f"The request has no {', '.join(missing)}."
        )
    client = grants.clients.get(given["client_id"])
    if client is None:
        return pages.trouble("Unknown app", "The client_id is not registered here.")
    if not _registered(client, given["redirect_uri"], settings):
        return pages.trouble(
            "Wrong address", "The redirect_uri is not one that the app has registered."
        )
    if given["response_type"] != "code":
        return pages.trouble("Sorry, this does not work", "The response_type must be code.")
    if not set(given["scope"].split()) <= KNOWN_SCOPES:
        return _back(given["redirect_uri"], {"error": "invalid_scope", "state": given["state"]})
    return None


def _registered(client: Client, redirect_uri: str, settings: QuickBooksSettings) -> bool:
    """Equal to a registered one in every character; or any loopback address while the setting allows it."""
    if "?" in redirect_uri or "#" in redirect_uri:
        return False
    if redirect_uri in client.redirect_uris:
        return True
    return settings.loopback_redirects and not client.redirect_uris and is_loopback(redirect_uri)


def _back(redirect_uri: str, parameters: dict[str, str]) -> Answer:
    return pages.redirect(f"{redirect_uri}?{urlencode(parameters)}")

"""The URLs of the QuickBooks sandbox, as Intuit's, below one prefix."""

from starlette.routing import BaseRoute, Route

from sandbox.endpoint import Endpoint
from sandbox.quickbooks.api import CompanyEndpoint
from sandbox.quickbooks.oauth import OAuthEndpoints
from sandbox.quickbooks.state import QuickBooksState


def quickbooks_routes(state: QuickBooksState, base_url: str) -> list[BaseRoute]:
    """Routes to mount at ``/quickbooks``; ``base_url`` is the outside address of that prefix."""
    oauth = OAuthEndpoints(state, base_url)
    return [
        Route("/.well-known/openid_configuration", Endpoint(oauth.discovery), methods=["GET"]),
        Route("/.well-known/openid_configuration/", Endpoint(oauth.discovery), methods=["GET"]),
        Route("/connect/oauth2", Endpoint(oauth.authorize), methods=["GET", "POST"]),
        Route("/oauth2/v1/tokens/bearer", Endpoint(oauth.token), methods=["POST"]),
        Route("/v2/oauth2/tokens/revoke", Endpoint(oauth.revoke), methods=["POST"]),
        Route("/v1/openid_connect/userinfo", Endpoint(oauth.userinfo), methods=["GET"]),
        Route("/op/v1/jwks", Endpoint(oauth.jwks), methods=["GET"]),
        Route("/v3/company/{rest:path}", CompanyEndpoint(state)),
    ]

"""How QuickBooks' gateway words what the API never sees: envelopes (b) and (c) of the notes."""

import math
from dataclasses import replace

from sandbox.delivery import Answer
from sandbox.faults import Fault
from sandbox.pipeline import throttle_body
from sandbox.quickbooks import refusals
from sandbox.quickbooks.envelopes import Envelope, gateway
from sandbox.quickbooks.state import QuickBooksState

_UNAUTHORIZED = ("WWW-Authenticate", 'Bearer realm="Intuit", error="invalid_token"')


class QuickBooksWording:
    """The wording for one call: ``bearer`` is its access token, which a real 401 repeats in its detail."""

    def __init__(self, state: QuickBooksState, accept: str, bearer: str = "") -> None:
        self._state = state
        self._accept = accept
        self._bearer = bearer

    def unauthorized(self, fault: Fault | None = None, detail: str = "") -> Answer:
        code = (fault.code if fault else "") or "3200"
        text = (fault.detail if fault else "") or detail or f"Token expired: {self._bearer}"
        answer = self._gateway(401, "AuthenticationFailed", code, text, "AUTHENTICATION")
        return replace(answer, headers=(_UNAUTHORIZED,))

    def forbidden(self, fault: Fault | None = None) -> Answer:
        code = (fault.code if fault else "") or "3100"
        return self._gateway(403, "ApplicationAuthorizationFailed", code, "", "SERVICE")

    def throttled(self, fault: Fault | None = None, wait_seconds: float | None = None) -> Answer:
        retry_after = fault.retry_after if fault is not None else wait_seconds
        headers = (("Retry-After", str(math.ceil(retry_after))),) if retry_after is not None else ()
        as_json, as_xml = (
            replace(
                self._gateway(429, "ThrottleExceeded", "3001", "", "SERVICE", as_json=as_json),
                headers=headers,
            )
            for as_json in (True, False)
        )
        format_asked = (fault.format if fault else "") or ("json" if self._speaks_json() else "xml")
        return throttle_body(format_asked, as_json, as_xml)

    def internal_error(self, fault: Fault) -> Answer:
        return self._gateway(
            fault.status or 500, "InternalServerError", fault.code or "3100", "", "SERVICE"
        )

    def gateway_timeout(self, fault: Fault) -> Answer:
        return self._gateway(
            fault.status or 504,
            "GatewayTimeout",
            fault.code or "6002",
            "",
            "SERVICE",
            as_json=fault.format == "json",
        )

    def refused_whole(self, fault: Fault) -> Answer:
        return Envelope(self._accept, self._state.clock.now()).refused(
            planted_refusal(fault, "2010")
        )

    def _gateway(
        self,
        status: int,
        name: str,
        code: str,
        detail: str,
        kind: str,
        *,
        as_json: bool | None = None,
    ) -> Answer:
        speaks_json = self._speaks_json() if as_json is None else as_json
        return gateway(
            status, name, code, detail, kind, self._state.clock.now(), as_json=speaks_json
        )

    def _speaks_json(self) -> bool:
        return "json" in self._accept.lower() and self._state.gateway_speaks_json()


def planted_refusal(fault: Fault, default_code: str) -> refusals.Refusal:
    """The refusal that a rule plants, with the recorded text of its code where there is one."""
    code = fault.code or default_code
    known = {
        "2010": refusals.unknown_property("Planted", ["Name", "Type"]),
        "2050": refusals.bad_length("Name", 0, 100, 101),
        "610": refusals.not_found(),
        "5010": refusals.stale(),
        "6000": refusals.list_busy(),
        "6070": refusals.wrong_amount("1.00", "2.00"),
        "6140": refusals.duplicate_number("1001", "Invoice", "1"),
        "6190": refusals.subscription_ended(),
        "6200": refusals.books_closed("2025-12-31"),
        "6210": refusals.books_closed_with_password("2025-12-31"),
        "6540": refusals.deposited(),
    }.get(
        code,
        refusals.Refusal(code, "Planted by the sandbox", "A fault rule asked for this refusal."),
    )
    return replace(
        known, message=fault.message or known.message, detail=fault.detail or known.detail
    )

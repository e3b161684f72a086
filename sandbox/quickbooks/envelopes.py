"""The shapes in which QuickBooks answers: JSON and XML, the API's own faults and the gateway's."""

from datetime import UTC, datetime
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from sandbox.delivery import JSON, XML, Answer
from sandbox.jsontext import Json, JsonObject, Raw, dumps, loads
from sandbox.quickbooks.refusals import Refusal

_PACIFIC = ZoneInfo("America/Los_Angeles")
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NAMESPACE = "http://schema.intuit.com/finance/v3"


@lru_cache(maxsize=1024)
def stamp(moment: datetime) -> str:
    """An entity's time: whole seconds with the offset of the data centre."""
    return moment.astimezone(_PACIFIC).isoformat(timespec="seconds")


def answer_time(moment: datetime) -> str:
    """The ``time`` of an answer: milliseconds without trailing zeros, so 3, 2, 1 or no decimals."""
    local = moment.astimezone(_PACIFIC)
    fraction = f".{local.microsecond // 1000:03d}".rstrip("0").rstrip(".")
    return local.strftime("%Y-%m-%dT%H:%M:%S") + fraction + local.isoformat()[-6:]


def fault(refusals: list[Refusal]) -> JsonObject:
    """Envelope (a) without its time: also what stands inside a batch entry."""
    errors: list[Json] = [
        {"Message": one.message, "Detail": one.detail, "code": one.code, "element": one.element}
        for one in refusals
    ]
    return {"Error": errors, "type": refusals[0].type}


class Envelope:
    """Answers in the format that the caller asked for. XML is the default of the real service too."""

    def __init__(self, accept: str, now: datetime) -> None:
        self.as_json = "json" in accept.lower()
        self._now = now

    def success(self, content: JsonObject) -> Answer:
        return self._answer(200, content | {"time": answer_time(self._now)})

    def refused(self, refusal: Refusal) -> Answer:
        return self._answer(
            refusal.status, {"Fault": fault([refusal]), "time": answer_time(self._now)}
        )

    def _answer(self, status: int, content: JsonObject) -> Answer:
        if self.as_json:
            return Answer(status, dumps(content).encode())
        return Answer(status, _intuit_response(content, self._now).encode(), XML)


def gateway(
    status: int,
    name: str,
    code: str,
    detail: str,
    kind: str,
    now: datetime,
    *,
    as_json: bool = True,
) -> Answer:
    """Envelopes (b) and (c): what the gateway says before the API is reached."""
    message = f"message={name}; errorCode={code.zfill(6)}; statusCode={status}"
    if not as_json:
        body = (
            f'{_XML_HEAD}<IntuitResponse time="{answer_time(now)}" xmlns="{_NAMESPACE}">'
            f'<Fault type="{kind}"><Error code="{code}"><Message>{escape(message)}</Message>'
            f"<Detail>{escape(detail)}</Detail></Error></Fault></IntuitResponse>"
        )
        return Answer(status, body.encode(), XML)
    errors: list[Json] = [{"message": message, "detail": detail, "code": code, "element": None}]
    content: JsonObject = {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": errors, "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(now.astimezone(UTC).timestamp() * 1000),
        "status": None,
        "cdcresponse": [],
    }
    return Answer(status, dumps(content).encode(), JSON)


def _intuit_response(content: JsonObject, now: datetime) -> str:
    body = "".join(_element(name, value) for name, value in content.items() if name != "time")
    opening = f'<IntuitResponse xmlns="{_NAMESPACE}" time="{answer_time(now)}">'
    return f"{_XML_HEAD}{opening}{body}</IntuitResponse>"


def _element(name: str, value: Json) -> str:
    if isinstance(value, Raw):
        value = loads(value)
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if name == "Fault" and isinstance(value, dict):
        return _fault_element(value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    text = value if isinstance(value, str) else dumps(value)
    return f"<{name}>{escape(text)}</{name}>" if value is not None else f"<{name}/>"


def _fault_element(value: JsonObject) -> str:
    errors = value["Error"]
    shown = "".join(
        f"<Error code={quoteattr(str(error['code']))} element={quoteattr(str(error['element']))}>"
        f"<Message>{escape(str(error['Message']))}</Message><Detail>{escape(str(error['Detail']))}</Detail></Error>"
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    )
    return f"<Fault type={quoteattr(str(value['type']))}>{shown}</Fault>"

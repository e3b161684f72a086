"""Who can sign in, and what a token says of them."""

from dataclasses import dataclass

AUDIENCE = "blueclerk-accounting-sync"
TOKEN_SECONDS = 3600

COMPANIES = {"cedar-ridge-plumbing": "Cedar Ridge Plumbing", "harbor-electric": "Harbor Electric"}


@dataclass(frozen=True)
class Person:
    """`locale` and `zoneinfo` are claims only where they are known."""

    id: str
    name: str
    email: str
    company_id: str
    roles: tuple[str, ...] = ("read", "write")
    company_name: str = ""
    locale: str = ""
    zoneinfo: str = ""

    @property
    def company(self) -> str:
        """The company's name."""
        return self.company_name or COMPANIES.get(self.company_id, self.company_id)


PEOPLE = {
    person.id: person
    for person in (
        Person(
            "dana-whitfield", "Dana Whitfield", "dana@cedar-ridge.example", "cedar-ridge-plumbing"
        ),
        Person(
            "luis-ortega",
            "Luis Ortega",
            "luis@cedar-ridge.example",
            "cedar-ridge-plumbing",
            ("read",),
        ),
        Person("mei-tanaka", "Mei Tanaka", "mei@harbor-electric.example", "harbor-electric"),
    )
}


def claims(
    person: Person, issuer: str, now: float, seconds: int = TOKEN_SECONDS
) -> dict[str, object]:
    """The claims of an access token."""
    known = {"locale": person.locale, "zoneinfo": person.zoneinfo}
    return {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": person.id,
        "iat": int(now),
        "exp": int(now) + seconds,
        "company_id": person.company_id,
        "company_name": person.company,
        "roles": list(person.roles),
        "name": person.name,
        "email": person.email,
        **{name: text for name, text in known.items() if text},
    }

"""All that the QuickBooks sandbox knows: settings, companies, grants, throttle windows, signing keys."""

from sandbox.alarms import Alarms
from sandbox.clock import Clock
from sandbox.faults import FaultPlan
from sandbox.journal import Journal
from sandbox.jsontext import JsonObject, as_list, as_object
from sandbox.keys import KeyRing
from sandbox.options import described, patched, read
from sandbox.pipeline import Pipeline
from sandbox.quickbooks.companies import DEMO_COMPANIES, Company, CompanyProfile
from sandbox.quickbooks.grants import Grants
from sandbox.quickbooks.settings import QuickBooksSettings
from sandbox.throttle import Throttle


class QuickBooksState:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.journal = Journal(clock)
        self.faults = FaultPlan()
        self.alarms = Alarms(clock)
        self.pipeline = Pipeline(self.journal, self.faults, self.alarms)
        self.keys = KeyRing()
        self.reset()

    def reset(self) -> None:
        """Back to the demo companies and the default settings; signing keys and sequence numbers stay."""
        self.settings = QuickBooksSettings()
        self.companies: dict[str, Company] = {}
        for profile in DEMO_COMPANIES:
            self.add_company(profile)
        self.grants = Grants()
        self.throttle = Throttle()
        self.faults.clear()
        self.alarms.clear()
        self.journal.forget()
        self.xml_turn = False

    def add_company(self, profile: CompanyProfile) -> Company:
        company = Company(profile, self.clock.now())
        self.companies[profile.realm] = company
        return company

    def change_settings(self, given: JsonObject) -> None:
        """Raises :class:`sandbox.options.InvalidOption`, and then nothing has changed."""
        self.settings = patched(self.settings, given, "quickbooks.")

    def gateway_speaks_json(self) -> bool:
        """The format of the next gateway error, whatever the caller accepts: it does not look."""
        if self.settings.gateway_error_format == "alternate":
            self.xml_turn = not self.xml_turn
            return self.xml_turn
        return self.settings.gateway_error_format == "json"

    def dump(self) -> JsonObject:
        return {
            "settings": described(self.settings),
            "companies": [company.dump() for company in self.companies.values()],
            "grants": self.grants.dump(),
            "keys": self.keys.dump(),
        }

    def load(self, saved: JsonObject) -> None:
        self.change_settings(as_object(saved["settings"]))
        self.companies = {}
        for one in as_list(saved["companies"]):
            content = as_object(one)
            self.add_company(read(CompanyProfile, as_object(content["profile"]))).load(content)
        self.grants = Grants()
        self.grants.load(as_object(saved["grants"]))
        self.keys.load(as_list(saved["keys"]))

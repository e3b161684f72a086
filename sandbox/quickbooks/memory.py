"""What the service remembers of request ids: the first answer, under requestid and bId joined to one key."""

from collections import Counter
from dataclasses import dataclass

from sandbox.jsontext import Json, JsonObject, Raw, as_list, as_object
from sandbox.quickbooks.settings import QuickBooksSettings

LONGEST = 50
LONGEST_ON_BATCH = 36
LONGEST_B_ID = 10


@dataclass(frozen=True)
class Remembered:
    """The first answer: the property it stood under (an entity, or ``Fault``) and its text."""

    time: float
    name: str
    text: Raw

    @property
    def failed(self) -> bool:
        return self.name == "Fault"


class RequestMemory:
    """One company's. The key is the plain concatenation, as the documented limit of 50 for both tells."""

    def __init__(self) -> None:
        self._answers: dict[str, Remembered] = {}
        self.pending: Counter[str] = Counter()
        """Keys whose write has been put off by a fault: there is no answer to remember yet."""

    def is_pending(self, key: str) -> bool:
        return self.pending[key] > 0

    def recall(self, key: str, now: float, settings: QuickBooksSettings) -> Remembered | None:
        remembered = self._answers.get(key)
        if remembered is None or not settings.request_id_honoured:
            return None
        lifetime = settings.request_id_memory_seconds
        if lifetime is not None and now - remembered.time > lifetime:
            return None
        if remembered.failed and settings.failed_requests == "forget":
            return None
        return remembered

    def keep(self, key: str, remembered: Remembered) -> None:
        self._answers[key] = remembered

    def dump(self) -> JsonObject:
        return {key: [one.name, str(one.text), int(one.time)] for key, one in self._answers.items()}

    def load(self, answers: Json) -> None:
        for key, one in as_object(answers).items():
            name, text, time = as_list(one)
            self._answers[key] = Remembered(float(str(time)), str(name), Raw(str(text)))

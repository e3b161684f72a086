"""What people are told of a remote list: counts, and why there is none."""

from __future__ import annotations

from shared.domain.ids import RecordKind
from shared.domain.runs import Problem
from shared.providers.base import ProviderProfile


def not_imported(profile: ProviderProfile, kind: RecordKind, unsynced: int, total: int) -> str:
    """The owner's sentence, where something is left."""
    nouns = f"{kind}s"
    if not total:
        return f"There are no {nouns} in {profile.label}."
    if not unsynced:
        return f"All {total:,} {nouns} in {profile.label} are imported into BlueClerk."
    return (
        f"{unsynced:,} of {total:,} {nouns} in {profile.label} are not yet imported into BlueClerk"
    )


def being_counted(profile: ProviderProfile, kind: RecordKind, rows: int) -> str:
    return f"Counting the {kind}s in {profile.label}: {rows:,} so far."


def unanswered(profile: ProviderProfile, kind: RecordKind) -> Problem:
    return Problem(
        "PROVIDER_UNAVAILABLE",
        f"{profile.label} gave no answer that can be used, so its {kind}s could not be counted.",
        "Try again in a little while. Nothing was changed.",
    )


def not_understood(profile: ProviderProfile, kind: RecordKind) -> Problem:
    return Problem(
        "PROVIDER_ANSWER_UNKNOWN",
        f"{profile.label} answered in a way this version does not understand, so its {kind}s could "
        "not be counted.",
        "Try again later; if it stays so, tell support the correlation id.",
    )


def cut_off(profile: ProviderProfile, kind: RecordKind, rows: int, missing: int) -> Problem:
    return Problem(
        "LIST_INCOMPLETE",
        f"{profile.label} listed {rows:,} {kind}s and left out {missing:,} that are linked here, though "
        "it still has them. Nothing was unlinked or deleted.",
        "Look again in a little while.",
    )


def shrunk(profile: ProviderProfile, kind: RecordKind, rows: int, before: int) -> Problem:
    return Problem(
        "LIST_INCOMPLETE",
        f"{profile.label} listed {rows:,} {kind}s, and {before:,} the time before. Nothing was unlinked "
        "or deleted.",
        "Look again; if it stays so, it counts.",
    )

"""The history of a connection's syncs, and one sync with its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from fastapi import Depends, Path
from starlette.responses import Response

from functions.api.console.addresses import following, integration_address
from functions.api.console.rendering import Page
from functions.api.console.runs_shown import RunView
from functions.api.console.session import HOME, console_router
from functions.api.console.shell import ConsoleOf
from functions.api.console.words import Words
from functions.api.dependencies import Cursor, ProviderOf, ServicesOf
from functions.api.models.runs import CauseAnswer, RunAnswer
from functions.api.security import CallerOf
from shared.domain.errors import NotFound
from shared.domain.ids import ConnectionKey, RecordKind, RunId
from shared.domain.runs import Problem, Run, RunPurpose
from shared.sync.run_records import RecordEnd, RunRecord, page_of_sent, refused_of
from shared.sync.runs import run_of

router = console_router()

_RUNS_OF_A_PAGE: Final = 50

_ENDS: Final = {
    RecordEnd.CREATED: ("green", "Created"),
    RecordEnd.UPDATED: ("green", "Updated"),
    RecordEnd.VOIDED: ("green", "Voided"),
    RecordEnd.LINKED: ("green", "Linked to one that was there"),
    RecordEnd.REFUSED: ("red", "Refused"),
    RecordEnd.WAITING: ("plain", "Not sent yet"),
    RecordEnd.NOT_SENT: ("amber", "Not sent"),
    RecordEnd.LATER: ("plain", "Synced again since"),
}


@dataclass(frozen=True, slots=True)
class RecordRow:
    """`remote_name`: what it is called in the books where that is another name."""

    source_id: str
    name: str
    colour: str
    end: str
    remote_name: str
    message: str
    action: str

    @classmethod
    def of(cls, record: RunRecord) -> RecordRow:
        colour, end = _ENDS[record.end]
        problem = record.problem
        return cls(
            source_id=record.source_id,
            name=record.name,
            colour=colour,
            end=end,
            remote_name=record.remote_name,
            message=problem.message if problem else "",
            action=problem.action if problem else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage(Page):
    template: ClassVar[str] = "runs.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    runs: list[RunView]
    first: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage(Page):
    """`sent` are of one page; `refused`, on the first page only, those that still stand refused.

    `chunks`: whether records of this kind are sent in requests that a run remembers.
    """

    template: ClassVar[str] = "run.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    kind: RecordKind
    run: RunView
    whole: bool = False
    causes: list[CauseAnswer]
    refused: list[RecordRow]
    sent: list[RecordRow]
    chunks: bool
    unlisted: str
    first: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPart(Page):
    """`whole`: it has ended, and its records are to be shown."""

    template: ClassVar[str] = "parts/run.html"
    run: RunView
    whole: bool


@router.get("/integrations/{provider}/runs")
def show_runs(
    provider: ProviderOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    key = ConnectionKey(caller.company_id, provider)
    page = services.stores.runs.page(key, _RUNS_OF_A_PAGE, cursor)
    label = services.profile(provider).label
    here = integration_address(provider, "runs")
    return console.page(
        RunsPage(
            title=f"Syncs with {label}",
            provider=provider,
            label=label,
            runs=[RunView.of(run, console.words) for run in page.rows],
            first=here if cursor else "",
            next=following(here, page.cursor),
        )
    )


def _sync(
    provider: ProviderOf,
    run_id: Annotated[str, Path(alias="runId", max_length=200)],
    services: ServicesOf,
    caller: CallerOf,
) -> Run:
    """Of the address. Raises `NotFound`, for an import too: it has a page of its own."""
    run = run_of(services, ConnectionKey(caller.company_id, provider), RunId(run_id))
    if run.purpose is not RunPurpose.SYNC:
        raise NotFound(
            Problem("SYNC_NOT_FOUND", "There is no such sync.", "See the list of syncs.", "runId")
        )
    return run


SyncOf = Annotated[Run, Depends(_sync)]


@router.get("/integrations/{provider}/runs/{runId}")
def show_run(
    run: SyncOf,
    provider: ProviderOf,
    services: ServicesOf,
    console: ConsoleOf,
    cursor: Cursor = None,
) -> Response:
    words, label = console.words, services.profile(provider).label
    page = page_of_sent(services, run, cursor)
    refused = [] if cursor else refused_of(services, run)
    view = RunView.of(run, words)
    here = view.address
    return console.page(
        RunPage(
            title=f"{view.kind}, {view.started}",
            refresh_seconds=3 if view.active else 0,
            provider=provider,
            label=label,
            kind=run.kind,
            run=view,
            causes=RunAnswer.of(run).causes,
            refused=[RecordRow.of(one) for one in refused],
            sent=[RecordRow.of(one) for one in page.rows],
            chunks=run.kind is not RecordKind.PAYMENT,
            unlisted=_unlisted(run, words),
            first=here if cursor else "",
            next=following(here, page.cursor),
        )
    )


@router.get("/integrations/{provider}/runs/{runId}/live")
def show_live_run(run: SyncOf, console: ConsoleOf) -> Response:
    """How far it is; when it has ended, the page is loaded again."""
    view = RunView.of(run, console.words)
    return console.part("run", RunPart(title="", run=view, whole=not view.active))


def _unlisted(run: Run, words: Words) -> str:
    """What a run only counts, said, so that nobody looks for it."""
    counted = [
        (run.counts.unchanged, "{} in step already and not sent"),
        (run.counts.adopted, "{} linked to one that was there"),
    ]
    told = [
        text.format(f"{words.number(count)} {'was' if count == 1 else 'were'}")
        for count, text in counted
        if count
    ]
    return f"{' and '.join(told)}." if told else ""

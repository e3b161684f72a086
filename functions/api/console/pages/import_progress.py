"""An import: how far it is, then what became of each record, the refused ones first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response

from functions.api.console.addresses import following, import_address, with_query
from functions.api.console.pages.review import LOOK_EVERY
from functions.api.console.pages.reviewing import Nouns, review_address, setup_address
from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router
from functions.api.console.shell import Console, ConsoleOf
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.models.remote_records import MAX_SEARCH
from functions.api.routes.remote_records import ImportId
from functions.api.security import CallerOf
from shared.domain.ids import ConnectionKey, RunId
from shared.domain.imports import ImportOutcome, ImportResult
from shared.domain.runs import Problem, Run, RunState
from shared.sync.review.results import page_of_results
from shared.sync.review.start import import_of
from shared.sync.services import Services

router = console_router()

ROWS: Final = 100
_OUTCOMES: Final = {
    ImportOutcome.CREATED: ("green", "Created"),
    ImportOutcome.LINKED: ("green", "Linked"),
    ImportOutcome.REFUSED: ("red", "Refused"),
}


@dataclass(frozen=True, slots=True)
class ResultRow:
    """`review`: where the record is found again, for one that was refused."""

    remote_id: str
    name: str
    colour: str
    outcome: str
    problem: Problem | None
    review: str

    @classmethod
    def of(cls, result: ImportResult, review: str) -> ResultRow:
        colour, outcome = _OUTCOMES[result.outcome]
        found = with_query(review, search=result.name[:MAX_SEARCH])
        return cls(
            remote_id=result.remote_id,
            name=result.name,
            colour=colour,
            outcome=outcome,
            problem=result.problem,
            review=found if result.problem and result.name else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage(Page):
    """`whole`: it has ended since the page was loaded. `refused_only`: what `rows` are."""

    template: ClassVar[str] = "import.html"
    place: ClassVar[str] = HOME
    run: Run
    here: str
    label: str
    nouns: Nouns
    review: str
    setup: str
    reconnect: bool
    whole: bool = False
    rows: list[ResultRow]
    refused_only: bool
    first_page: str
    next_page: str


@router.get("/integrations/{provider}/imports/{importId}")
def show_import(
    provider: ProviderOf,
    import_id: ImportId,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
    show: str = "",
    cursor: str = "",
) -> Response:
    """Its progress while it is under way, its results after; `show`: `all` or `refused`."""
    key = ConnectionKey(caller.company_id, provider)
    run = import_of(services, key, RunId(import_id))
    return console.page(_page(services, console, run, show, cursor))


@router.get("/integrations/{provider}/imports/{importId}/progress")
def show_import_progress(
    provider: ProviderOf,
    import_id: ImportId,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """The part that moves."""
    run = import_of(services, ConnectionKey(caller.company_id, provider), RunId(import_id))
    page = _page(services, console, run, whole=not run.state.active)
    return console.part("import_progress", page)


def _page(
    services: Services,
    console: Console,
    run: Run,
    show: str = "",
    cursor: str = "",
    *,
    whole: bool = False,
) -> ImportPage:
    key, nouns, here = run.connection, Nouns.of(run.kind), import_address(run)
    review, active = review_address(key.provider, nouns), run.state.active
    refused_only = show == "refused" or (show != "all" and run.counts.refused > 0)
    rows: list[ResultRow] = []
    after = None
    if not (active or whole):
        outcome = ImportOutcome.REFUSED if refused_only else None
        page = page_of_results(services, key, run.run_id, ROWS, cursor or None, outcome)
        rows = [ResultRow.of(one, review) for one in page.rows]
        after = page.cursor
    shown = "refused" if refused_only else "all"
    return ImportPage(
        title=_title(run, nouns),
        refresh_seconds=LOOK_EVERY if active else 0,
        run=run,
        here=here,
        label=services.profile(key.provider).label,
        nouns=nouns,
        review=review,
        setup=setup_address(console.connection(key.provider)),
        reconnect=run.state is RunState.NEEDS_REAUTH,
        whole=whole,
        rows=rows,
        refused_only=refused_only,
        first_page=with_query(here, show=shown) if cursor else "",
        next_page=following(here, after, show=shown),
    )


def _title(run: Run, nouns: Nouns) -> str:
    if run.state.active:
        return f"Importing {nouns}"
    if run.state is RunState.FINISHED:
        return f"Import of {nouns} finished"
    return f"Import of {nouns} stopped"

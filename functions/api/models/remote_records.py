"""The unsynced-customer alert and Review & Import over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from functions.api.models.base import AnswerModel, NextCursor, RequestModel
from functions.api.models.runs import ProblemAnswer
from shared.domain.connections import NewFromBooks
from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import RemoteId, SourceId
from shared.domain.imports import (
    MOST_IMPORTED,
    ImportOutcome,
    ImportResult,
    Proposal,
    Reason,
    Wanted,
)
from shared.domain.links import ItemFields
from shared.domain.runs import Problem, Run, RunState
from shared.sync.review.browse import RemoteRow, RowStatus, Shown
from shared.sync.review.unlink import MOST_UNLINKED
from shared.sync.review.unsynced import AlertState, Unsynced

MAX_REMOTE_ID = 200
MAX_SEARCH = 200

_RemoteId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_REMOTE_ID)]


class UnsyncedAnswer(AnswerModel):
    """How many records of the books are not imported yet. Ask again while it is `listing`."""

    state: AlertState
    message: str = Field(description="One sentence for a person; empty where nothing was asked.")
    unsynced: int | None = Field(description="Null while there is no count to be believed.")
    total: int | None
    listed_at: datetime | None

    @classmethod
    def of(cls, told: Unsynced) -> UnsyncedAnswer:
        return cls(
            state=told.state,
            message=told.message,
            unsynced=told.unsynced,
            total=told.total,
            listed_at=told.listed_at,
        )


class ProposalAnswer(AnswerModel):
    """A record of yours that it may be."""

    id: str
    name: str
    reason: Reason
    score: int = Field(description="0 to 100; 100 where id, address or name are the same.")

    @classmethod
    def of(cls, proposal: Proposal) -> ProposalAnswer:
        return cls(
            id=proposal.source_id,
            name=proposal.name,
            reason=proposal.reason,
            score=proposal.score,
        )


class RemoteRowAnswer(AnswerModel):
    """A record of the books, and what is here of it."""

    id: str = Field(description="Its id in the books.")
    name: str
    status: RowStatus
    record_id: str | None = Field(description="Yours that it is linked to.")
    proposals: list[ProposalAnswer] = Field(description="The best first; link one or none.")


class RemoteCustomerAnswer(RemoteRowAnswer):
    """A customer of the books."""

    email: str
    phone: str
    city: str

    @classmethod
    def of(cls, row: RemoteRow) -> RemoteCustomerAnswer:
        fields = row.remote.fields
        if not isinstance(fields, CustomerFields):
            raise TypeError("this is no customer")
        return cls(
            **row_as(row),
            email=fields.email,
            phone=fields.phone,
            city=fields.address.city,
        )


class RemoteItemAnswer(RemoteRowAnswer):
    """An item of the books."""

    code: str
    unit_price: str

    @classmethod
    def of(cls, row: RemoteRow) -> RemoteItemAnswer:
        fields = row.remote.fields
        if not isinstance(fields, ItemFields):
            raise TypeError("this is no item")
        return cls(
            **row_as(row),
            code=fields.code,
            unit_price=str(fields.unit_price),
        )


def row_as(row: RemoteRow) -> dict[str, object]:
    return {
        "id": row.remote.remote_id,
        "name": row.remote.fields.name,
        "status": row.status,
        "record_id": row.source_id,
        "proposals": [ProposalAnswer.of(one) for one in row.proposals],
    }


class RemoteListAnswer(AnswerModel):
    """A page of what the books had at `listedAt`; while it is `listing`, ask again."""

    state: Literal["listing", "ready"]
    listed_so_far: int
    listed_at: datetime | None
    warning: ProblemAnswer | None = Field(
        description="The list came back empty or cut off; nothing was unlinked for it."
    )
    next_cursor: NextCursor


class RemoteCustomerPage(RemoteListAnswer):
    """Customers in the provider's order."""

    customers: list[RemoteCustomerAnswer]

    @classmethod
    def of(cls, shown: Shown) -> RemoteCustomerPage:
        rows = [RemoteCustomerAnswer.of(row) for row in shown.page.rows]
        return cls(**shown_as(shown), customers=rows)

    @classmethod
    def still_listing(cls, rows: int) -> RemoteCustomerPage:
        return cls(**listing_as(rows), customers=[])


class RemoteItemPage(RemoteListAnswer):
    """Items in the provider's order; categories and bundles are not among them."""

    items: list[RemoteItemAnswer]

    @classmethod
    def of(cls, shown: Shown) -> RemoteItemPage:
        return cls(**shown_as(shown), items=[RemoteItemAnswer.of(row) for row in shown.page.rows])

    @classmethod
    def still_listing(cls, rows: int) -> RemoteItemPage:
        return cls(**listing_as(rows), items=[])


def shown_as(shown: Shown) -> dict[str, object]:
    listing = shown.listing
    return {
        "state": "ready",
        "listed_so_far": listing.rows,
        "listed_at": listing.listed_at,
        "warning": ProblemAnswer.of(listing.doubt) if listing.doubt else None,
        "next_cursor": shown.page.cursor,
    }


def listing_as(rows: int) -> dict[str, object]:
    return {
        "state": "listing",
        "listed_so_far": rows,
        "listed_at": None,
        "warning": None,
        "next_cursor": None,
    }


class WantedBody(RequestModel):
    """A record of the books to be imported, or linked to one of yours."""

    id: _RemoteId = Field(description="Its id in the books.")
    link_to: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        default=None, description="The id of yours that it is; nothing is made then."
    )
    as_new: bool = Field(
        default=False,
        description="Make a new one although one of yours has the same address or name.",
    )

    def wanted(self) -> Wanted:
        link_to = SourceId(self.link_to) if self.link_to else None
        return Wanted(RemoteId(self.id), link_to, self.as_new)


class ImportBody(RequestModel):
    """Some records, or all that are new (those that one of yours may be are left to you)."""

    records: list[WantedBody] | None = Field(
        default=None, description=f"1 to {MOST_IMPORTED:,} records."
    )
    all: Literal[True] | None = None
    new_from_books: Annotated[NewFromBooks | None, Field(strict=False)] = Field(
        default=None,
        description="With `all`: what becomes of those that are new later; kept as a setting.",
    )


class ImportCountsAnswer(AnswerModel):
    """`settled` records are `created + linked + refused`."""

    total: int = Field(description="0 until it is known, where all were asked for.")
    created: int
    linked: int
    refused: int
    settled: int


class RemoteImportAnswer(AnswerModel):
    """An import: its progress while it is under way, its end after."""

    import_id: str
    kind: str
    state: RunState
    counts: ImportCountsAnswer
    started_at: datetime
    finished_at: datetime | None
    problem: ProblemAnswer | None

    @classmethod
    def of(cls, run: Run) -> RemoteImportAnswer:
        counts = run.counts
        return cls(
            import_id=run.run_id,
            kind=run.kind,
            state=run.state,
            counts=ImportCountsAnswer(
                total=counts.total,
                created=counts.created,
                linked=counts.adopted,
                refused=counts.refused,
                settled=counts.settled,
            ),
            started_at=run.started_at,
            finished_at=run.finished_at,
            problem=ProblemAnswer.of(run.problem) if run.problem else None,
        )


class ImportResultAnswer(AnswerModel):
    """What became of one record of the books."""

    id: str
    name: str = Field(description="As the books have it; empty where they do not know the id.")
    outcome: ImportOutcome
    record_id: str | None = Field(
        description="Yours that was made or linked, or that is in the way."
    )
    problem: ProblemAnswer | None

    @classmethod
    def of(cls, result: ImportResult) -> ImportResultAnswer:
        return cls(
            id=result.remote_id,
            name=result.name,
            outcome=result.outcome,
            record_id=result.source_id,
            problem=ProblemAnswer.of(result.problem) if result.problem else None,
        )


class ImportResultPage(AnswerModel):
    """Results in the order chosen; those of a week ago are gone."""

    results: list[ImportResultAnswer]
    next_cursor: NextCursor


class UnlinkBody(RequestModel):
    """Records of the books that were linked wrongly."""

    ids: list[_RemoteId] = Field(description=f"1 to {MOST_UNLINKED} ids of the books.")


class UnlinkedAnswer(AnswerModel):
    """One of them: unlinked, or why not."""

    id: str
    unlinked: bool
    problem: ProblemAnswer | None


class UnlinkAnswer(AnswerModel):
    """Each in the order given; both records stay as they are."""

    results: list[UnlinkedAnswer]

    @classmethod
    def of(cls, results: dict[RemoteId, Problem | None]) -> UnlinkAnswer:
        return cls(
            results=[
                UnlinkedAnswer(
                    id=remote_id,
                    unlinked=problem is None,
                    problem=ProblemAnswer.of(problem) if problem else None,
                )
                for remote_id, problem in results.items()
            ]
        )

"""Runs as rows and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from shared.domain.ids import (
    AskingId,
    CompanyId,
    ConnectionKey,
    CorrelationId,
    ProviderName,
    RecordKind,
    RemoteCompanyId,
    RunId,
    SourceId,
)
from shared.domain.runs import Problem, Run, RunCounts, RunPurpose, RunState
from shared.storage.dynamo.bulk import to_json
from shared.storage.dynamo.models import RunRow
from shared.storage.keys import instant, of_connection, read_instant, shard_of


def run_pk(connection: ConnectionKey) -> str:
    return of_connection("run", connection)


def run_row(run: Run, dies_at: datetime | None) -> RunRow:
    body: dict[str, object] = {
        "heartbeat_at": instant(run.heartbeat_at),
        "takeovers": run.takeovers,
        "plan_attempt": run.plan_attempt,
        "chunk_count": run.chunk_count,
        "counts": counts_to_json(run.counts),
        "causes": {cause: list(told) for cause, told in run.causes.items()},
        "provider_calls": run.provider_calls,
        "finished_at": instant(run.finished_at) if run.finished_at else None,
        "problem": asdict(run.problem) if run.problem else None,
        "started_by": run.started_by,
        "only": None if run.only is None else list(run.only),
        "recovered": run.recovered,
    }
    if run.asked:
        body["asked"] = list(run.asked)
    if run.purpose is not RunPurpose.SYNC:
        body |= {
            "purpose": run.purpose,
            "chosen_by": run.chosen_by,
            "done_by": list(run.done_by),
        }
    active = run.state.active
    return RunRow(
        pk=run_pk(run.connection),
        sk=run.run_id,
        correlation_id=run.correlation_id,
        expires_at=int(dies_at.timestamp()) if dies_at else None,
        company_id=run.connection.company_id,
        provider=run.connection.provider,
        run_id=run.run_id,
        remote_company_id=run.remote_company_id,
        record_kind=run.kind,
        run_state=run.state,
        active=active,
        epoch=run.epoch,
        started_at=instant(run.started_at),
        body=to_json(body),
        schedule_lane=shard_of(run.run_id) if active else None,
        schedule_at=instant(run.started_at) if active else None,
    )


def parse_run(row: RunRow) -> Run:
    body = json.loads(row.body)
    return Run(
        run_id=RunId(row.run_id),
        connection=ConnectionKey(CompanyId(row.company_id), ProviderName(row.provider)),
        remote_company_id=RemoteCompanyId(row.remote_company_id),
        kind=RecordKind(row.record_kind),
        state=RunState(row.run_state),
        started_at=read_instant(row.started_at),
        heartbeat_at=read_instant(body["heartbeat_at"]),
        epoch=int(row.epoch),
        takeovers=body["takeovers"],
        plan_attempt=body["plan_attempt"],
        chunk_count=body["chunk_count"],
        counts=RunCounts(**body["counts"]),
        causes={cause: (told[0], told[1]) for cause, told in body["causes"].items()},
        provider_calls=body["provider_calls"],
        finished_at=read_instant(body["finished_at"]) if body["finished_at"] else None,
        problem=Problem(**body["problem"]) if body["problem"] else None,
        started_by=body["started_by"],
        only=None if body["only"] is None else tuple(map(SourceId, body["only"])),
        asked=tuple(map(AskingId, body.get("asked", ()))),
        recovered=body["recovered"],
        purpose=RunPurpose(body.get("purpose", RunPurpose.SYNC)),
        chosen_by=body.get("chosen_by", 0),
        done_by=tuple(body.get("done_by", ())),
        correlation_id=CorrelationId(row.correlation_id),
    )


def counts_to_json(counts: RunCounts) -> Mapping[str, int]:
    """Only what is not zero: most counts of most chunks are."""
    return {name: value for name in RunCounts.__slots__ if (value := getattr(counts, name)) != 0}

"""`FileImportStore` over the sync-state table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from shared.domain.effects import Clock
from shared.domain.file_imports import (
    FileFormat,
    FileImport,
    FileImportState,
    RowCounts,
    RowProblem,
    StoredFile,
)
from shared.domain.ids import CompanyId, CorrelationId, PersonId, RecordKind
from shared.domain.runs import Problem
from shared.storage.dynamo.bulk import BulkRows, Raw, to_json
from shared.storage.dynamo.models import FileImportRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.dynamo.tables import SCHEMA_VERSION
from shared.storage.keys import (
    LAST_PROBLEM,
    file_import_pk,
    file_problem_pk,
    instant,
    is_key,
    problem_key,
    read_instant,
    require_next_version,
)
from shared.storage.limits import require_fitting
from shared.storage.ports import Page

KEPT = timedelta(days=90)


class DynamoFileImports:
    def __init__(
        self,
        table_name: str,
        rows: SingleRows,
        bulk: BulkRows,
        clock: Clock,
        correlation_id: Callable[[], CorrelationId],
    ) -> None:
        self._name = table_name
        self._rows = rows
        self._bulk = bulk
        self._clock = clock
        self._correlation_id = correlation_id

    def get(self, company_id: CompanyId, import_id: str) -> FileImport | None:
        if not is_key(import_id):
            return None
        row = self._rows.get(FileImportRow, file_import_pk(company_id), import_id)
        return None if row is None else _parse(company_id, import_id, row.body, int(row.version))

    def save(self, job: FileImport) -> bool:
        require_next_version(job.version)
        row = FileImportRow(
            pk=file_import_pk(job.company_id),
            sk=job.import_id,
            expires_at=int((job.created_at + KEPT).timestamp()),
            version=job.version,
            body=to_json(_body(job)),
        )
        if job.version == 1:
            return self._rows.put(row, FileImportRow.pk.does_not_exist())
        return self._rows.put(row, FileImportRow.version == job.version - 1)

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[FileImport]:
        def parsed(raw: Raw) -> FileImport:
            version = int(raw["version"]["N"])
            return _parse(company_id, raw["sk"]["S"], raw["body"]["S"], version)

        pk = file_import_pk(company_id)
        return self._bulk.page(self._name, pk, limit, cursor, parsed, newest_first=True)

    def add_problems(
        self, company_id: CompanyId, import_id: str, problems: Sequence[RowProblem]
    ) -> None:
        pk = file_problem_pk(company_id, import_id)
        expires_at = str(int((self._clock.now() + KEPT).timestamp()))
        rows: dict[str, Raw] = {}
        for one in problems:
            body = to_json({"problem": asdict(one.problem), "source_id": one.source_id})
            require_fitting(len(body.encode()), "A row's problem")
            rows[problem_key(one.line, one.number)] = {
                "pk": {"S": pk},
                "sk": {"S": problem_key(one.line, one.number)},
                "schema_version": {"N": str(SCHEMA_VERSION)},
                "correlation_id": {"S": self._correlation_id()},
                "expires_at": {"N": expires_at},
                "line": {"N": str(one.line)},
                "number": {"N": str(one.number)},
                "body": {"S": body},
            }
        self._bulk.write(self._name, [{"PutRequest": {"Item": row}} for row in rows.values()])

    def drop_problems_after(self, company_id: CompanyId, import_id: str, line: int) -> None:
        pk = file_problem_pk(company_id, import_id)
        first = problem_key(line + 1, 0)
        found = self._bulk.sort_keys_between(self._name, pk, first, LAST_PROBLEM)
        self._bulk.write(
            self._name,
            [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for sk in found],
        )

    def page_problems(
        self, company_id: CompanyId, import_id: str, limit: int, cursor: str | None
    ) -> Page[RowProblem]:
        pk = file_problem_pk(company_id, import_id)
        return self._bulk.page(self._name, pk, limit, cursor, _parse_problem)


def _body(job: FileImport) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "format": job.format,
        "name": job.name,
        "started_by": job.started_by,
        "created_at": instant(job.created_at),
        "upload_until": instant(job.upload_until),
        "state": job.state,
        "file": asdict(job.file) if job.file else None,
        "total_rows": job.total_rows,
        "counts": asdict(job.counts),
        "line": job.line,
        "ignored_columns": list(job.ignored_columns),
        "errors_listed": job.errors_listed,
        "errors_not_listed": job.errors_not_listed,
        "attempts": job.attempts,
        "beat_at": instant(job.beat_at) if job.beat_at else None,
        "ended_at": instant(job.ended_at) if job.ended_at else None,
        "problem": asdict(job.problem) if job.problem else None,
    }


def _parse(company_id: CompanyId, import_id: str, text: str, version: int) -> FileImport:
    body = json.loads(text)
    return FileImport(
        company_id=company_id,
        import_id=import_id,
        kind=RecordKind(body["kind"]),
        format=FileFormat(body["format"]),
        name=body["name"],
        started_by=PersonId(body["started_by"]),
        created_at=read_instant(body["created_at"]),
        upload_until=read_instant(body["upload_until"]),
        state=FileImportState(body["state"]),
        file=StoredFile(**body["file"]) if body["file"] else None,
        total_rows=body["total_rows"],
        counts=RowCounts(**body["counts"]),
        line=body["line"],
        ignored_columns=tuple(body["ignored_columns"]),
        errors_listed=body["errors_listed"],
        errors_not_listed=body["errors_not_listed"],
        attempts=body["attempts"],
        beat_at=read_instant(body["beat_at"]) if body["beat_at"] else None,
        ended_at=read_instant(body["ended_at"]) if body["ended_at"] else None,
        problem=Problem(**body["problem"]) if body["problem"] else None,
        version=version,
    )


def _parse_problem(raw: Raw) -> RowProblem:
    body = json.loads(raw["body"]["S"])
    return RowProblem(
        line=int(raw["line"]["N"]),
        number=int(raw["number"]["N"]),
        problem=Problem(**body["problem"]),
        source_id=body["source_id"],
    )

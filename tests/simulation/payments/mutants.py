"""Ways to break the payments' code on purpose; see `tests.simulation.mutants`."""

from __future__ import annotations

from tests.simulation.mutant import Mutant

_POSTING = "shared/sync/payments/posting.py"
_SETTLING = "shared/sync/payments/settling.py"
_LOOKING = "shared/sync/payments/looking.py"
_LEDGER = "shared/domain/ledger.py"
_PLAN = "shared/domain/payment_plan.py"

PAYMENTS_MUTANTS = (
    Mutant(
        "payments: what is unknown goes again without a look-up",
        _SETTLING,
        "rows = [ledger.unknown(sent.rows[s.payment.source_id], now, now) for s in standings]",
        "rows = [ledger.held_back(sent.rows[s.payment.source_id]) for s in standings]",
        payments=True,
    ),
    Mutant(
        "payments: marked in flight whatever somebody else did meanwhile",
        _POSTING,
        "        saved = save_moves(self._services.stores, self._scope, marked)\n",
        "        save_moves(self._services.stores, self._scope, marked)\n        saved = marked\n",
        payments=True,
    ),
    Mutant(
        "payments: not found counts as absent while a request may be under way",
        _LOOKING,
        "        elif row.over_at is not None and now < row.over_at:\n",
        "        elif row.over_at is None:\n",
        payments=True,
    ),
    Mutant(
        "payments: a look-up counts as of when its answer is handled",
        _LOOKING,
        "        found = self._found(standings)\n",
        "        found = self._found(standings)\n        now = self._services.clock.now()\n",
        payments=True,
    ),
    Mutant(
        "payments: the generation is not raised",
        _LEDGER,
        "generation=before.generation + 1 if before else 1,",
        "generation=before.generation if before else 1,",
        payments=True,
    ),
    Mutant(
        "payments: an unanswered batch goes one at a time",
        _SETTLING,
        "        self._unknown(sent, sent.standings)\n        self._results.save()\n",
        "        self.hold_back(sent, singly=True)\n"
        "        self.rejected = True\n"
        "        self._results.save()\n",
        payments=True,
    ),
    Mutant(
        "payments: whatever the repeat is told counts for the first request too",
        _POSTING,
        "return after_silence(outcome, self._send(request)), True",
        "return self._send(request), True",
        payments=True,
    ),
    Mutant(
        "payments: repeated although the provider does not honour the key",
        _POSTING,
        "silent and self._provider.profile.honours_request_key and",
        "silent and",
        payments=True,
    ),
    Mutant(
        "payments: one that was unsure is not looked for later",
        _PLAN,
        "_LATE_CHECKS: Final = 2\n",
        "_LATE_CHECKS: Final = 0\n",
        payments=True,
    ),
    Mutant(
        "payments: who was held up after marking sends all the same",
        _POSTING,
        "if len(rows) < len(batch) or not self._in_time(rows):",
        "if len(rows) < len(batch):",
        payments=True,
    ),
    Mutant(
        "payments: a part of the marked rows goes under the key of all",
        _POSTING,
        "        if len(rows) < len(batch) or not self._in_time(rows):\n",
        "        batch = sent.standings\n        if not rows or not self._in_time(rows):\n",
        payments=True,
    ),
    Mutant(
        "payments: what is left in flight by a crash is sent again",
        _PLAN,
        "        case LedgerState.IN_FLIGHT | LedgerState.UNKNOWN:\n",
        "        case LedgerState.IN_FLIGHT:\n"
        "            return Decision(Step.CANCEL if not payment.active else Step.SEND)\n"
        "        case LedgerState.UNKNOWN:\n",
        payments=True,
    ),
    Mutant(
        "payments: one voided before it was sent is left reserved",
        _PLAN,
        "            return Decision(Step.SEND if payment.active else Step.CANCEL)\n",
        "            return Decision(Step.SEND if payment.active else Step.NOTHING)\n",
        payments=True,
    ),
    Mutant(
        "payments: one that was refused as a whole is not tried alone",
        _POSTING,
        "                self._settler.rejected = True\n            elif",
        "                pass\n            elif",
        payments=True,
    ),
    Mutant(
        "payments: the row moves on before a person is told",
        "shared/sync/payments/planning.py",
        "        self.results.told(judged, by)  # first: a worker that dies in between looks once more\n"
        "        looked = self._looker.saved(judged)\n",
        "        looked = self._looker.saved(judged)\n        self.results.told(looked, by)\n",
        payments=True,
    ),
)

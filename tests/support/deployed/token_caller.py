"""One process that wants access tokens, over the very library and settings that a function has.

    python -m tests.support.deployed.token_caller COMPANY THREADS

The environment is that of a deployed function. It says `ready` and then, for each line it reads, has
all threads ask at one moment, each through a hand-out of its own, as so many calls of a warm container
would; the answer is one line of JSON with `[seconds waited, token version, SHA-256 of the token]` of
each, or the error's class instead of the digest. It ends with its input.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from shared.bootstrap import services
from shared.domain.errors import SyncError
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName


def main(company_id: str, threads: int) -> None:
    made = services()
    connection = made.stores.connections.get(
        ConnectionKey(CompanyId(company_id), ProviderName("quickbooks"))
    )
    assert connection is not None
    together = Barrier(threads)

    def ask(_number: int) -> tuple[float, int, str]:
        tokens = made.token_source(connection)
        together.wait()
        began = time.monotonic()
        try:
            token, version = tokens.access_token()
        except SyncError as error:
            return time.monotonic() - began, 0, type(error).__name__
        digest = hashlib.sha256(token.encode()).hexdigest()
        return time.monotonic() - began, version, digest

    with ThreadPoolExecutor(threads) as pool:
        _say("ready")
        for _line in sys.stdin:
            _say(json.dumps(list(pool.map(ask, range(threads)))))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""`make run`: the whole suite on this machine, from nothing to a synced catalogue."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from local import summary
from local.api import TOKEN_SECONDS, suite_api
from local.mail import Mailbox
from local.onboard import COMPANY_ID, onboard
from local.settings import StackOptions, from_environment
from local.stack import ROOT, Stack, start_stack
from local.state import DataFolder
from local.sync import progress
from local.trouble import LaunchFailed

_LOOK_EVERY = 0.5
_RENEW_AFTER = TOKEN_SECONDS - 600


def main(arguments: list[str]) -> int:
    """0: stopped while serving, or, with --once, every item is in the provider; else 1."""
    given = _arguments(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return _launch(given, from_environment(os.environ))
    except LaunchFailed as failure:
        print(f"make run: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped before the end; the state is saved, run again to go on", file=sys.stderr)
        return 1


def _launch(given: argparse.Namespace, options: StackOptions) -> int:
    folder = DataFolder(given.data)
    folder.untell()
    with start_stack(given.data, options, say=_say) as stack:
        mailbox = Mailbox(stack.aws, stack.deployed.resources["NotificationsTopic"])
        _tell(folder, stack, mailbox)
        with (
            suite_api(stack.api_url, lambda: stack.sandbox.token(COMPANY_ID)) as api,
            progress() as show,
        ):
            done = onboard(
                api,
                stack.api_url,
                catalog=given.catalog,
                consent_at="" if options.elsewhere else stack.sandbox.url,
                say=_say,
                show=show,
            )
        for line in summary.lines(done):
            _say(line)
        if given.once:
            return 0 if done.complete else 1
        for line in summary.invitation(stack.console_url, stack.api_url, folder.stack_file):
            _say(line)
        try:
            _serve(folder, stack, mailbox)
        except KeyboardInterrupt:
            _say("stopping")
    _say("stopped; the state is saved, run again to go on")
    return 0


def _serve(folder: DataFolder, stack: Stack, mailbox: Mailbox) -> None:
    """Until interrupted; what is sent by e-mail is shown.

    Raises `LaunchFailed` when a program that should run has ended.
    """
    renew_at = time.monotonic() + _RENEW_AFTER
    while True:
        time.sleep(_LOOK_EVERY)
        ended = stack.ended_child()
        if ended is not None:
            raise LaunchFailed(
                f"{ended.name} ended by itself: {ended.last_words()} (see {ended.log})"
            )
        with suppress(BotoCoreError, ClientError):  # if the local AWS has ended, that is told next
            for mail in mailbox.receive():
                _say(mail.line())
        if time.monotonic() > renew_at:
            _tell(folder, stack, mailbox)
            renew_at = time.monotonic() + _RENEW_AFTER


def _tell(folder: DataFolder, stack: Stack, mailbox: Mailbox) -> None:
    folder.tell(
        {
            "api_url": stack.api_url,
            "console_url": stack.console_url,
            "sandbox_url": stack.sandbox.url,
            "aws_endpoint_url": stack.aws.endpoint_url,
            "table_names": stack.table_names,
            "mail_queue_url": mailbox.queue_url,
            "token": stack.sandbox.token(COMPANY_ID),
            "company_id": COMPANY_ID,
            "generation": stack.generation,
        }
    )


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the summary")
    parser.add_argument(
        "--catalog", type=Path, help="a CSV of items instead of the demo price book"
    )
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".local", help="folder that keeps the state"
    )
    return parser.parse_args(arguments)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-C or SIGTERM: stop in order, undisturbed by a second one (a child takes 20 s at most)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What stops a launch, said in one line to whoever typed `make run`."""

from __future__ import annotations


class LaunchFailed(Exception):
    """The text is one line: what is wrong, and what to do about it."""

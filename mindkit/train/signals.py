"""Signals that ask training to stop between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Stop:
    """Set by SIGINT or SIGTERM; looked at between steps."""

    signal_number: int | None = None
    previous: dict[int, Any] = field(default_factory=dict)


@contextmanager
def watching_signals() -> Iterator[Stop]:
    """Let the first SIGINT or SIGTERM only be noted; the second does what it always does."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may set handlers
        return

    def ask(number: int, frame: object) -> None:
        stop.signal_number = number
        signal.signal(number, stop.previous[number])  # asked again, it does not wait for the step

    for watched in (signal.SIGINT, signal.SIGTERM):
        stop.previous[watched] = signal.signal(watched, ask)
    try:
        yield stop
    finally:
        for number, handler in stop.previous.items():
            signal.signal(number, handler)

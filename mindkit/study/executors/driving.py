"""How tasks are handed to an engine and followed: progress and failure are the same in all."""

from __future__ import annotations

import logging
import shutil
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mindkit.data.files import write_text
from mindkit.study.executors.making import Lost, Made
from mindkit.study.jobs import ERROR, Job, Task, Tell
from mindkit.train.locking import locked
from mindkit.train.loop import Interrupted
from mindkit.train.signals import watching_signals

TRIES = 3  # how often a task is begun whose worker is lost each time
POLL = 0.1  # seconds between two looks at what has become of tasks

log = logging.getLogger(__name__)


class Ticket(Protocol):
    """A task that was handed in."""

    def started(self) -> bool:
        """Return True from when a worker has it."""

    def done(self) -> bool:
        """Return True when it was made or is lost."""

    def made(self) -> Made:
        """Return what became of it. Raises `Lost`, with the reason."""


class Engine(Protocol):
    """Workers of some kind."""

    def submit(self, tasks: Sequence[Task]) -> Sequence[Ticket]:
        """Take the first of `tasks`, as many as there is room for now."""

    def stop(self) -> None:
        """Let what is being made save its state and end; return when it has ended."""


@dataclass
class _Attempt:
    """A task as it was asked for, as it is sent, and how often it was begun."""

    asked: Task
    sent: Task
    number: int = 1
    told: bool = False


def drive(engine: Engine, tasks: Sequence[Task], tell: Tell, tries: int = TRIES) -> None:
    """Make all tasks with `engine`, as `Executor.run` promises.

    A task whose worker is lost is handed in again, where its runs go on from their checkpoints,
    until it was begun `tries` times; then its jobs have failed.
    """
    waiting = deque(_Attempt(task, [_begun_again(job) for job in task]) for task in tasks)
    begun: list[tuple[_Attempt, Ticket]] = []
    total = sum(len(task) for task in tasks)
    with watching_signals() as stop:
        try:
            while waiting or begun:
                if stop.signal_number is not None:
                    left = [*waiting, *(attempt for attempt, _ in begun)]
                    ended = total - sum(len(attempt.asked) for attempt in left)
                    raise stopped(stop.signal_number, ended, total)
                tickets = engine.submit([attempt.sent for attempt in waiting]) if waiting else ()
                begun += [(waiting.popleft(), ticket) for ticket in tickets]
                looked_at, begun = begun, []
                for attempt, ticket in looked_at:
                    if not _has_ended(attempt, ticket, tell):
                        begun.append((attempt, ticket))
                    elif _is_to_be_repeated(attempt, ticket, tell, tries):
                        waiting.appendleft(attempt)
                time.sleep(POLL)
        except BaseException:
            engine.stop()
            raise


def stopped(signal_number: int, ended: int, total: int) -> Interrupted:
    """Return the error of a study that a signal stopped when `ended` of `total` runs had ended."""
    return Interrupted(
        f"stopped by {signal.Signals(signal_number).name} after {ended} of {total} runs; those "
        "under way have saved their state, and the same command goes on from there (without "
        "--fresh, which repeats all)",
        signal_number,
    )


def _begun_again(job: Job) -> Job:
    """The same job without `fresh`: what that repeats is deleted here, once.

    A worker that is lost would delete the runs it had made when its task is begun again.
    """
    if job.fresh:
        with locked([job.folder]):
            shutil.rmtree(job.folder, ignore_errors=True)
    return replace(job, fresh=False)


def _has_ended(attempt: _Attempt, ticket: Ticket, tell: Tell) -> bool:
    done = ticket.done()
    if not attempt.told and (done or ticket.started()):
        attempt.told = True
        for job in attempt.asked:
            tell(job, "started", "")
    return done


def _is_to_be_repeated(attempt: _Attempt, ticket: Ticket, tell: Tell, tries: int) -> bool:
    """Tell what became of a task that has ended; return True when it has to be handed in again."""
    try:
        made = ticket.made()
    except Lost as error:
        if attempt.number == tries:
            _give_up(attempt, str(error), tell)
            return False
        log.warning("%s: %s; it is begun again", attempt.asked[0].label, error)
        attempt.number += 1
        return True
    for job, outcome in zip(attempt.asked, made.outcomes, strict=True):
        tell(job, outcome.state, outcome.error)
    return False


def _give_up(attempt: _Attempt, reason: str, tell: Tell) -> None:
    for job in attempt.asked:
        if (job.folder / "metrics.json").is_file():
            tell(job, "finished", "")
            continue
        tries = "1 try" if attempt.number == 1 else f"{attempt.number} tries"
        error = f"given up after {tries}: {reason}"
        write_text(job.folder / ERROR, f"{error}\n")
        tell(job, "failed", error)

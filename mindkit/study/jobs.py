"""Runs as jobs: what a worker is told, and how it makes a run that anyone may ask for again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mindkit.config.spec import Spec
from mindkit.data.files import write_text
from mindkit.data.library import open_store
from mindkit.data.store import Store
from mindkit.errors import MindkitError
from mindkit.hooks import load_plugins
from mindkit.kinds import Tracker
from mindkit.registry import Registries
from mindkit.study.folders import ERROR
from mindkit.train.loop import Interrupted
from mindkit.train.run import RunResult, run_folder, run_spec
from mindkit.train.together import run_together

MakeTracker = Callable[[str, Spec], Tracker]
State = Literal["started", "finished", "failed"]
Fuse = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class Job:
    """One run, in plain values that can be sent to another process or machine.

    spec: settled, with its seed. plugins: what was asked for beside the installed ones.
    """

    label: str
    spec: Spec
    out: Path
    plugins: tuple[str, ...] = ()
    device: str | None = None
    fresh: bool = False

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return run_folder(self.spec, self.out)


Task = Sequence[Job]
"""Jobs that are made in one go: one, or several that differ in their seed alone."""

Tell = Callable[[Job, State, str], None]
"""Called when a job starts, finishes or fails, with the error."""


@dataclass
class Worker:
    """Makes jobs, one after another, and keeps what they share: plugins and data.

    fuse: whether the seeds of a task are trained together: where that is faster, where it can be
    done, or never.
    """

    display: MakeTracker | None = None
    fuse: Fuse = "auto"
    registries: dict[tuple[str, ...], Registries] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)

    def make_all(self, task: Task, tell: Tell) -> None:
        """Make every job of the task, together where that pays; one that fails stops no other."""
        if len(task) > 1 and self.fuse != "off" and self._make_together(task, tell):
            return
        for job in task:
            tell(job, "started", "")
            try:
                self.make(job)
            except Interrupted:
                raise
            except Exception as error:  # a plugin may raise anything
                tell(job, "failed", describe(error))
            else:
                tell(job, "finished", "")

    def make(self, job: Job) -> RunResult:
        """Return the run's result: read if it is finished, resumed if interrupted, else made.

        What goes wrong is written to `error.txt` in the run's folder, and raised.
        """
        try:
            registries = self._registries(job.plugins)
            result = run_spec(
                job.spec,
                registries,
                out=job.out,
                device=job.device,
                resume=not job.fresh,
                fresh=job.fresh,
                trackers=self._displays(job),
                store=self._store(job.spec, registries),
            )
        except Interrupted:
            raise
        except Exception as error:  # a plugin may raise anything; the other runs go on
            _note(job, error)
            raise
        _note(job, None)
        return result

    def _make_together(self, task: Task, tell: Tell) -> bool:
        """Make jobs that differ in their seed alone; False where each is to be made by itself."""

        def starting() -> None:
            for job in task:
                tell(job, "started", "")

        try:
            outcomes = self._made_together(task, starting)
        except Interrupted:
            raise
        except Exception as error:  # of all: a config, or data, that cannot be used
            outcomes = [error] * len(task)
        if outcomes is None:
            return False
        for job, outcome in zip(task, outcomes, strict=True):
            wrong = outcome if isinstance(outcome, Exception) else None
            _note(job, wrong)
            tell(job, "failed" if wrong else "finished", describe(wrong) if wrong else "")
        return True

    def _made_together(
        self, task: Task, starting: Callable[[], None]
    ) -> list[RunResult | Exception] | None:
        first = task[0]
        registries = self._registries(first.plugins)
        return run_together(
            [job.spec for job in task],
            registries,
            out=first.out,
            device=first.device,
            resume=not first.fresh,
            fresh=first.fresh,
            trackers=[self._displays(job, brief=job is not first) for job in task],
            store=self._store(first.spec, registries),
            always=self.fuse == "on",
            starting=starting,
        )

    def _displays(self, job: Job, brief: bool = False) -> list[Tracker]:
        if self.display is None:
            return []
        display = self.display(job.label, job.spec)
        return [_Beginning(display) if brief else display]

    def _registries(self, plugins: tuple[str, ...]) -> Registries:
        if plugins not in self.registries:
            self.registries[plugins] = load_plugins(plugins).registries
        return self.registries[plugins]

    def _store(self, spec: Spec, registries: Registries) -> Store:
        key = repr(spec.resolved["data"])
        if key not in self.stores:
            self.stores.clear()  # one data set at a time: they can be large
            self.stores[key] = open_store(spec.data, registries)
        return self.stores[key]


class _Beginning(Tracker):
    """Tells a display of a run's beginning alone: of runs made together only one can be shown."""

    def __init__(self, display: Tracker) -> None:
        self.display = display

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.display.start(folder, config)
        self.display.close()


def _note(job: Job, error: Exception | None) -> None:
    """Leave the error in the run's folder, or take away what an earlier try has left."""
    if error is None:
        (job.folder / ERROR).unlink(missing_ok=True)
    else:
        write_text(job.folder / ERROR, f"{describe(error)}\n")


def describe(error: BaseException) -> str:
    """Return the error as a person is told it."""
    return str(error) if isinstance(error, MindkitError) else f"{type(error).__name__}: {error}"

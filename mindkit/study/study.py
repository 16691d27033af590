"""A study: rows of configs, each run once for every seed, wherever an executor makes them.

Its folder holds `study.json`, which names the runs, and the tables; the runs lie beside it. So a
study called again reads what is finished, resumes what was interrupted, and tries what failed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindkit.config.load import spec_hash
from mindkit.config.spec import Spec
from mindkit.data.files import write_text
from mindkit.data.library import open_store
from mindkit.data.store import Store
from mindkit.errors import MindkitError, did_you_mean
from mindkit.registry import Registries
from mindkit.study.executors import Executor
from mindkit.study.jobs import Job, State, Task, Tell
from mindkit.study.run import Results, with_seed
from mindkit.train.run import RunResult
from mindkit.train.selection import settle

if TYPE_CHECKING:
    from mindkit.study.tables import StudyTable

MANIFEST = "study.json"


@dataclass(frozen=True)
class Row:
    """One row of a table: a name, the config that is run for each seed, and its heading."""

    name: str
    spec: Spec
    group: str = ""


@dataclass(frozen=True)
class Failure:
    """A run that could not be made, and why."""

    seed: int
    folder: Path
    error: str


@dataclass(frozen=True)
class RowRuns(Results):
    """What became of a row: its finished runs in the order of their seeds, and its failures."""

    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a study is to do.

    name: of its folder, which a hash of the rows completes. beside: rows that are made already and
    are no runs over seeds, such as a constant. baseline: the row that others are tested against.
    notes: what must be said below the table.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    baseline: str
    seeds: int
    beside: tuple[RowRuns, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [*(one.name for one in self.beside), *(row.name for row in self.rows)]
        if self.baseline not in names:
            hint = did_you_mean(self.baseline, names)
            raise MindkitError(f"--baseline {self.baseline}: no row has that name{hint}")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise MindkitError(f"the row '{twice}' is asked for twice; leave one out")


@dataclass(frozen=True)
class Where:
    """How the runs of a study are made: folder of all runs, device, and what is done anew.

    together: whether the seeds of a row are given to one worker in one go.
    """

    executor: Executor
    out: Path = Path("runs")
    plugins: tuple[str, ...] = ()
    device: str | None = None
    fresh: bool = False
    together: bool = False
    tell: Tell | None = None


@dataclass(frozen=True)
class Study:
    """A study that has been made: its rows, those without seeds first, and how to show them."""

    folder: Path
    title: str
    baseline: str
    seeds: int
    rows: tuple[RowRuns, ...]
    groups: dict[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()

    def row(self, name: str) -> RowRuns:
        """Return the row of that name."""
        for row in self.rows:
            if row.name == name:
                return row
        raise MindkitError(f"no row '{name}'{did_you_mean(name, [row.name for row in self.rows])}")

    def change(self, name: str, metric: str) -> float:
        """Return the mean test score of row `name` minus the baseline's."""
        return self.row(name).mean(metric) - self.row(self.baseline).mean(metric)

    def table(self, metrics: Sequence[str] | None = None, published: bool = True) -> StudyTable:
        """Return the table, with statistics; see `mindkit.study.tables`."""
        from mindkit.study.tables import build_table

        return build_table(
            self.rows,
            title=self.title,
            metrics=metrics,
            baseline=self.baseline,
            seeds=self.seeds,
            groups=self.groups,
            notes=self.notes,
            published=published,
        )


def make(plan: Plan, registries: Registries, where: Where) -> Study:
    """Make every run of the plan and return what became of them; `study.json` is kept up to date.

    Seeds count from each config's own `training.seed`. A run that fails is reported in its row.
    """
    jobs = _jobs(plan, registries, where)
    folder = where.out / f"{plan.name}-{_digest(plan)}"
    planned = {row.name: [job.folder.name for job in jobs[row.name]] for row in plan.rows}
    _write(plan, folder, planned, {})
    errors: dict[Path, str] = {}

    def note(job: Job, state: State, error: str) -> None:
        errors.pop(job.folder, None)
        if state == "failed":
            errors[job.folder] = error
        if where.tell is not None:
            where.tell(job, state, error)

    where.executor.run(list(_tasks(jobs.values(), where.together)), note)
    rows = tuple(_gathered(row.name, jobs[row.name], errors) for row in plan.rows)
    _write(plan, folder, planned, errors)
    return Study(
        folder,
        plan.title,
        plan.baseline,
        plan.seeds,
        (*plan.beside, *rows),
        {row.name: row.group for row in plan.rows if row.group},
        plan.notes,
    )


def _jobs(plan: Plan, registries: Registries, where: Where) -> dict[str, list[Job]]:
    stores: dict[str, Store] = {}
    jobs: dict[str, list[Job]] = {}
    for row in plan.rows:
        key = repr(row.spec.resolved["data"])
        if key not in stores:
            stores[key] = open_store(row.spec.data, registries)
        spec = settle(row.spec, registries, stores[key])
        first = spec.training.seed
        jobs[row.name] = [
            Job(
                f"{row.name}, seed {seed}",
                with_seed(spec, seed),
                where.out,
                where.plugins,
                where.device,
                where.fresh,
            )
            for seed in range(first, first + plan.seeds)
        ]
    return jobs


def _tasks(jobs: Iterable[Sequence[Job]], together: bool) -> Iterable[Task]:
    for of_row in jobs:
        if together:
            yield list(of_row)
        else:
            yield from ([job] for job in of_row)


def _gathered(name: str, jobs: Sequence[Job], errors: dict[Path, str]) -> RowRuns:
    runs, failures = [], []
    for job in jobs:
        try:
            if job.folder in errors:
                raise MindkitError(errors[job.folder])
            runs.append(RunResult.read(job.folder))
        except MindkitError as error:
            failures.append(Failure(job.spec.training.seed, job.folder, str(error)))
    return RowRuns(name, tuple(runs), tuple(failures))


def _digest(plan: Plan) -> str:
    rows = [(row.name, spec_hash(row.spec)) for row in plan.rows]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:8]


def _write(plan: Plan, folder: Path, runs: dict[str, list[str]], errors: dict[Path, str]) -> None:
    rows: list[dict[str, Any]] = [
        {"name": row.name, "runs": [run.folder.name for run in row.runs]} for row in plan.beside
    ]
    rows += [{"name": row.name, "group": row.group, "runs": runs[row.name]} for row in plan.rows]
    content = {
        "title": plan.title,
        "baseline": plan.baseline,
        "seeds": plan.seeds,
        "rows": rows,
        "failed": {path.name: error for path, error in errors.items()},
        "notes": plan.notes,
    }
    write_text(folder / MANIFEST, json.dumps(content, indent=2))

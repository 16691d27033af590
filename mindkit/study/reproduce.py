"""Runs and tables made again from what they saved, in another folder, and held against it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mindkit.errors import MindkitError
from mindkit.hooks import load_plugins
from mindkit.study.baselines import baselines
from mindkit.study.differences import environment_differences
from mindkit.study.executors import Executor, make_executor
from mindkit.study.folders import ENVIRONMENT, METRICS, read_record
from mindkit.study.jobs import Job, MakeTracker, State, Tell, Worker
from mindkit.study.reproduction import Again, Reproduced, compared, judged
from mindkit.study.study import MANIFEST
from mindkit.study.then_and_now import Here, Wanted

TOLERANCE = 1e-3  # of a score: the last digit that tables print


def reproduce(
    target: str | Path,
    *,
    out: str | Path = "reproduced",
    data: str | None = None,
    device: str | None = None,
    plugins: Sequence[str] = (),
    fresh: bool = False,
    tolerance: float = TOLERANCE,
    executor: str = "in-process",
    workers: int | None = None,
    devices: Sequence[str] = (),
    executor_settings: Sequence[str] = (),
    display: MakeTracker | None = None,
    tell: Tell | None = None,
) -> Reproduced:
    """Make a run, or every run of a study, again under `out`, and compare scores and predictions.

    target: a run's folder; or a study's, or its `study.json`. Config and seed are those saved; the
    device is the CPU where it was then, unless `device` names one. data: where the data are now.
    plugins: files or modules in place of those the run was made with. A reproduction that is
    finished under `out` is read again, or made anew with `fresh`. tolerance: how far a score may be
    apart, of a row its mean. executor and what follows are those of `compare`.
    """
    wanted = wanted_runs(target, out=out, data=data, device=device, plugins=plugins, fresh=fresh)
    made = make_executor(
        executor, Worker(display), workers=workers, devices=devices, settings=executor_settings
    )
    return make_again(target, wanted, made, tolerance, tell)


def wanted_runs(
    target: str | Path,
    *,
    out: str | Path = "reproduced",
    data: str | None = None,
    device: str | None = None,
    plugins: Sequence[str] = (),
    fresh: bool = False,
) -> list[Wanted]:
    """Return the runs that `reproduce` would make, and what differs from then; nothing is trained.

    What is wrong with a single run is raised; in a table it is said of the run.
    """
    target = Path(target)
    here = Here(Path(out), data, device, tuple(plugins), fresh)
    manifest = target if target.name == MANIFEST else target / MANIFEST
    if not manifest.is_file():
        one = here.wanted(target.name, target)
        if one.beside:
            raise MindkitError(
                f"{target} is no run of a method: constants and linear models are made again with "
                "the study that has them"
            )
        return [one]
    found = []
    for row, folder in _rows(manifest):
        try:
            found.append(here.wanted(row, folder))
        except MindkitError as error:  # the other runs can still be made
            found.append(Wanted(row, folder, error=str(error)))
    return found


def make_again(
    target: str | Path,
    wanted: Sequence[Wanted],
    executor: Executor,
    tolerance: float = TOLERANCE,
    tell: Tell | None = None,
) -> Reproduced:
    """Make these runs and return how they compare with what was saved."""
    jobs = {one.job.folder: one.job for one in wanted if one.job is not None}
    read = {path for path, job in jobs.items() if (path / METRICS).is_file() and not job.fresh}
    errors: dict[Path, str] = {}

    def note(job: Job, state: State, error: str) -> None:
        if state == "failed":
            errors[job.folder] = error
        if tell is not None:
            tell(job, state, error)

    executor.run([[job] for job in jobs.values()], note)
    beside = _made_beside(wanted)
    rows: dict[str, list[Again]] = {}
    for one in wanted:
        folder = beside.get(one.row) if one.job is None else one.job.folder
        error = one.error or errors.get(folder or one.folder, "")
        again = _again(one, folder, error, folder in read)
        rows.setdefault(one.row, []).append(again)
    judgements = tuple(judged(name, runs, tolerance) for name, runs in rows.items())
    return Reproduced(Path(target), judgements, tolerance)


def _made_beside(wanted: Sequence[Wanted]) -> dict[str, Path]:
    """Make the constants and linear models of a study, and return their folders by row."""
    jobs = [one.job for one in wanted if one.job is not None]
    if not jobs or not any(one.beside for one in wanted):
        return {}
    widest = max(jobs, key=lambda job: len(job.spec.method.modalities))
    registries = load_plugins(widest.plugins).registries
    rows = baselines(widest.spec, registries, widest.out, widest.fresh)
    return {row.name: row.runs[0].folder for row in rows}


def _again(one: Wanted, folder: Path | None, error: str, read: bool) -> Again:
    if folder is None or error:
        why = error or "no row of this name is made of these data now"
        return Again(one.folder, one.differences, error=why)
    environments = [read_record(place / ENVIRONMENT) for place in (one.folder, folder)]
    config = [difference for difference in one.differences if difference.part == "config"]
    scores, predictions = compared(one.folder, folder)
    differences = (*config, *environment_differences(environments))
    return Again(one.folder, differences, folder, read, "", scores, predictions)


def _rows(manifest: Path) -> list[tuple[str, Path]]:
    """Return the row and the folder of each run that a study lists."""
    record = read_record(manifest)
    out = manifest.parent.parent
    try:
        found = [(row["name"], out / run) for row in record["rows"] for run in row["runs"]]
    except (KeyError, TypeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise MindkitError(
            f"{manifest} does not list rows and their runs ({what}); the command of the study "
            "writes it again"
        ) from None
    if not found:
        raise MindkitError(f"{manifest} lists no runs; call the command of the study again")
    return found

"""Search for settings on validation; then the winner beside the config as it stands, on test."""

from __future__ import annotations

import csv
import io
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindkit.config.load import load_spec
from mindkit.config.spec import Spec
from mindkit.data.files import write_text
from mindkit.data.library import open_store
from mindkit.hooks import load_plugins
from mindkit.registry import Registries
from mindkit.study.executors import make_executor
from mindkit.study.jobs import MakeTracker, Tell, Worker
from mindkit.study.run import with_seed
from mindkit.study.search import Pruner, Search, create, load, quiet
from mindkit.study.space import Dimension, fit_space, read_space
from mindkit.study.study import Plan, Row, Study, Where, make
from mindkit.study.trial_workers import TellTrial, make_trials, refuse_elsewhere
from mindkit.study.trials import Trial
from mindkit.study.winner import best_of, command, ranking, tuned_spec, write_winner
from mindkit.train.metrics import better
from mindkit.train.selection import settle

TRIALS = "trials.csv"
MANY = 10  # finished trials from which an importance means something


@dataclass(frozen=True)
class Tuned:
    """A search that has come to its end.

    mode: min or max. trials: by number. best: the winner. importance: share of each searched value
    in what makes trials differ, {} while there are few. config: the winner's file, a METHOD like
    any other. commands: that make the best trial, and the winner, again. study: winner and untuned
    config over seeds that the search has not seen. notes: what was not searched, and why.
    """

    folder: Path
    metric: str
    mode: str
    dimensions: tuple[Dimension, ...]
    trials: tuple[Trial, ...]
    best: Trial
    importance: dict[str, float]
    config: Path
    commands: tuple[str, str]
    study: Study
    notes: tuple[str, ...]

    def ranking(self) -> list[Trial]:
        """Return the finished trials, the best first."""
        return ranking(self.trials, self.mode)


def tune(
    method: str,
    dataset: str | None = None,
    *,
    trials: int = 40,
    space: str | None = None,
    search: Sequence[str] = (),
    storage: str | None = None,
    name: str | None = None,
    pruner: Pruner = "median",
    seeds: int = 3,
    data: str | None = None,
    training: str | None = None,
    settings: Sequence[str] = (),
    drop: Sequence[str] = (),
    plugins: Sequence[str] = (),
    simulate: bool = True,
    out: str | Path = "runs",
    device: str | None = None,
    fresh: bool = False,
    executor: str = "in-process",
    workers: int | None = None,
    devices: Sequence[str] = (),
    executor_settings: Sequence[str] = (),
    display: MakeTracker | None = None,
    tell: Tell | None = None,
    tell_trial: TellTrial | None = None,
) -> Tuned:
    """Try `trials` settings on validation, write the best as a config, and test it over `seeds`.

    space: a file like search.yaml, or the method whose it is; by default this method's own. search:
    lines such as "terms.cons.weight=1e-5..1e-1:log", in place of the method's space, or beside
    `space`. What `settings` give is not searched. storage: a file or an Optuna URL that remembers
    the trials; called again, here or on another machine, the search goes on until there are
    `trials` in all. A trial is an ordinary run with the config's own seed, in its folder under
    `<out>/<name>/trials`, that never reads the test split. The winner and the config as it stands
    are then run with `seeds` other seeds and scored on test once. executor: "in-process", or
    "processes" for several trials, and then runs, at a time; see `mindkit.study.executors`.
    """
    registries = load_plugins(plugins).registries
    config: dict[str, Any] = {
        "method": method,
        "dataset": dataset,
        "data": data,
        "training": training,
        "drop": tuple(drop),
        "simulate": simulate,
    }
    untuned = load_spec(registries, **config, settings=settings)
    name = name or f"tune-{untuned.method.name}-{untuned.data.name}"
    plan, notes = _plan(
        registries,
        untuned,
        read_space(method, space, search),
        name=name,
        storage=storage or str(Path(out) / f"{name}.journal"),
        folder=Path(out) / name,
        config=config,
        settings=tuple(settings),
        plugins=tuple(plugins),
        trials=trials,
        pruner=pruner,
        device=device,
    )
    makes = make_executor(
        executor, Worker(display), workers=workers, devices=devices, settings=executor_settings
    )
    where = Where(makes, Path(out), tuple(plugins), device, fresh, tell=tell)
    refuse_elsewhere(executor, devices, device)
    if fresh:
        shutil.rmtree(plan.folder, ignore_errors=True)
    with quiet():
        create(plan, untuned, open_store(untuned.data, registries).digest, fresh)
    made = make_trials(plan, executor, workers, devices, tell_trial)
    return _ended(plan, made, untuned, seeds, registries, where, notes)


def _ended(
    plan: Search,
    made: Sequence[Trial],
    untuned: Spec,
    seeds: int,
    registries: Registries,
    where: Where,
    notes: tuple[str, ...],
) -> Tuned:
    _write_table(plan, made)
    best = best_of(made, plan.mode)
    path = write_winner(plan, best, registries)
    method, settings = plan.config["method"], (*plan.settings, *best.settings)
    return Tuned(
        plan.folder,
        plan.metric,
        plan.mode,
        plan.dimensions,
        tuple(made),
        best,
        _importance(plan, made),
        path,
        (command(plan, method, settings), command(plan, str(path), training=False)),
        _over_seeds(plan, path, untuned, seeds, registries, where),
        notes,
    )


def _plan(
    registries: Registries, untuned: Spec, dimensions: Sequence[Dimension], **fields: Any
) -> tuple[Search, tuple[str, ...]]:
    config, settings = fields["config"], fields["settings"]

    def load_with(settings: Sequence[str], drop: Sequence[str]) -> Spec:
        return load_spec(registries, **config | {"settings": settings, "drop": drop})

    fitted, notes = fit_space(dimensions, load_with, settings, config["drop"])
    store = open_store(untuned.data, registries)
    selection = settle(untuned, registries, store).training.selection
    search = Search(
        dimensions=fitted,
        metric=selection.metric,
        mode=better(selection.metric) if selection.mode == "auto" else selection.mode,
        epochs=untuned.training.epochs,
        seed=untuned.training.seed,
        **fields,
    )
    return search, notes


def _over_seeds(
    search: Search, path: Path, untuned: Spec, seeds: int, registries: Registries, where: Where
) -> Study:
    first = search.seed + 1  # the trials' own seed would favour the winner
    names = f"{search.config['method']} (untuned)", "tuned"
    specs = untuned, tuned_spec(search, path, registries)
    rows = [Row(name, with_seed(spec, first)) for name, spec in zip(names, specs, strict=True)]
    note = (
        f"Tuned: the best of {search.trials} trials by {search.metric} on validation, all "
        f"with seed {search.seed}, which is none of these; no trial was scored on the test split."
    )
    title = f"{search.config['method']} on {untuned.data.name}, tuned and untuned"
    plan = Plan(search.name, title, tuple(rows), names[0], seeds, notes=(note,))
    return make(plan, registries, where)


def _importance(search: Search, trials: Sequence[Trial]) -> dict[str, float]:
    finished = [one.value for one in trials if one.state == "finished"]
    if len(finished) < MANY or len(set(finished)) == 1 or len(search.dimensions) == 1:
        return {}
    from optuna.importance import get_param_importances

    with quiet():
        return dict(get_param_importances(load(search)))


def _write_table(search: Search, trials: Sequence[Trial]) -> None:
    """Write `trials.csv`: one trial a line, each searched value in a column."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    paths = [one.path for one in search.dimensions]
    writer.writerow(["trial", "state", search.metric, "epochs", *paths, "folder", "host", "error"])
    for one in trials:
        values = dict(line.split("=", 1) for line in one.settings)
        cells = [values.get(path, "") for path in paths]
        score = "" if math.isnan(one.value) else repr(one.value)
        writer.writerow(
            [one.number, one.state, score, one.epochs, *cells, one.folder, one.host, one.error]
        )
    write_text(search.folder / TRIALS, table.getvalue())

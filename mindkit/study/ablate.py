"""The full method against itself without a part: the paper's Table 2, or a row at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from mindkit.config.files import ablation_table, default_method
from mindkit.config.load import load_spec
from mindkit.config.spec import Spec
from mindkit.errors import MindkitError
from mindkit.hooks import load_plugins
from mindkit.study.executors import make_executor
from mindkit.study.jobs import Fuse, MakeTracker, Tell, Worker
from mindkit.study.study import Plan, Row, Study, Where, make

Grid = Literal["leave-one-out", "add-one-in"]
Names = tuple[str, ...]


def ablate(
    method: str | None = None,
    dataset: str | None = None,
    *,
    drop: Sequence[str] = (),
    table: bool = False,
    grid: Sequence[Grid] = (),
    baseline: str | None = None,
    data: str | None = None,
    training: str | None = None,
    seeds: int = 5,
    settings: Sequence[str] = (),
    without: Sequence[str] = (),
    plugins: Sequence[str] = (),
    simulate: bool = True,
    out: str | Path = "runs",
    device: str | None = None,
    fresh: bool = False,
    executor: str = "in-process",
    workers: int | None = None,
    devices: Sequence[str] = (),
    executor_settings: Sequence[str] = (),
    fuse: Fuse = "off",
    display: MakeTracker | None = None,
    tell: Tell | None = None,
) -> Study:
    """Train the full method and, for each entry of `drop`, the method without it, over `seeds`.

    Without `method`, it is the one that configs/default.yaml names. An entry is a term, a
    representation, a modality or a named ablation of the method. `table` adds the rows of the
    method's table.yaml (MInD's: the paper's Table 2), or, where it has none, every modality,
    representation and term. `grid` adds the method without each term in turn (leave-one-out), or
    with one term alone beside those that read the prediction (add-one-in).

    `without` is dropped from every row, the full one too, as where the data lack a modality. All
    configs are checked before the first is trained; finished runs are reused, interrupted ones
    resumed, and one that fails is shown and does not stop the rest. `fuse` trains the seeds of a
    row together: the same to rounding, where bits are to be the same leave it off. The other
    arguments say how the runs are made: see `mindkit.study.executors`.
    """
    registries = load_plugins(plugins).registries
    method = default_method() if method is None else method

    def spec_without(*names: str) -> Spec:
        return load_spec(
            registries,
            method,
            dataset=dataset,
            data=data,
            training=training,
            settings=settings,
            drop=[*without, *names],
            simulate=simulate,
        )

    full = spec_without()
    wanted: list[tuple[str, str, Names]] = [("", name, (name,)) for name in drop]
    notes: list[str] = []
    if table:
        wanted += list(_table_rows(method, full, without, notes))
    for kind in grid:
        wanted += list(_grid_rows(kind, full))
    if not wanted:
        raise MindkitError(
            "nothing to ablate; name at least one part, as in --drop cyr, or ask for --table"
        )
    rows = {f"{method} (full)": Row(f"{method} (full)", full)}
    for group, name, names in wanted:
        label = name if len(names) > 1 else _label(name, full)
        rows.setdefault(label, Row(label, spec_without(*names), group))
    plan = Plan(
        f"ablate-{full.method.name}-{full.data.name}",
        f"Ablations of {method} on {full.data.name}",
        tuple(rows.values()),
        baseline or f"{method} (full)",
        seeds,
        notes=tuple(notes),
    )
    where = Where(
        make_executor(
            executor,
            Worker(display, fuse=fuse),
            workers=workers,
            devices=devices,
            settings=executor_settings,
        ),
        Path(out),
        tuple(plugins),
        device,
        fresh,
        together=fuse != "off" and seeds > 1,
        tell=tell,
    )
    return make(plan, registries, where)


def _table_rows(
    method: str, full: Spec, without: Sequence[str], notes: list[str]
) -> Iterator[tuple[str, str, Names]]:
    """Heading, name and parts to drop of each row of the table; what cannot be is noted."""
    headings = ablation_table(method) or {
        "role of modality": list(full.method.modalities) if len(full.method.modalities) > 1 else [],
        "role of representation": [one.name for one in full.method.representations],
        "role of term": _droppable(full),
    }
    for heading, names in headings.items():
        for name in names:
            if name in without:
                notes.append(f"No row without {name}: no row has it (--without {name}).")
            else:
                yield heading, name, (name,)


def _grid_rows(kind: Grid, full: Spec) -> Iterator[tuple[str, str, Names]]:
    terms = _droppable(full)
    if not terms:
        raise MindkitError(
            f"--grid {kind}: {full.method.name} has no term to leave out beside those that read "
            "the prediction; name parts with --drop"
        )
    if kind == "leave-one-out":
        for term in terms:
            yield "leave one out", term, (term,)
        return
    yield "add one in", "no other term", tuple(terms)
    for term in terms:
        others = tuple(other for other in terms if other != term)
        yield "add one in", f"only {term}", others


def _droppable(full: Spec) -> list[str]:
    """The terms that do not read the prediction: without the others nothing is learned."""
    return [
        term.name
        for term in full.method.terms
        if not any(
            reference.stage == "prediction"
            for row in term.rows
            for references in row.arguments.values()
            for reference in references
        )
    ]


def _label(name: str, full: Spec) -> str:
    parts = [*full.method.encoders, *(r.name for r in full.method.representations)]
    parts += [term.name for term in full.method.terms]
    return f"w/o {name}" if name in parts else name  # a named ablation says it itself

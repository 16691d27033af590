"""Methods against each other on one data set: the paper's Tables 1 and 3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mindkit.config.files import method_ablations
from mindkit.config.load import load_spec
from mindkit.config.spec import Spec
from mindkit.errors import MindkitError
from mindkit.hooks import load_plugins
from mindkit.study.baselines import baselines
from mindkit.study.executors import make_executor
from mindkit.study.jobs import Fuse, MakeTracker, Tell, Worker
from mindkit.study.study import Plan, Row, Study, Where, make

TWIN = "text_only"  # the ablation by which a method says how it is taken down to text


def compare(
    methods: Sequence[str],
    dataset: str | None = None,
    *,
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
    """Train each of `methods` on `dataset` over `seeds`, beside what each of them has to beat.

    That is a constant and linear models of the same features, once, and for each method that takes
    more than text its twin on text alone (its ablation text_only, else every other modality
    dropped). The first method is the `baseline` that others are tested against, unless another row
    is named. `settings` go to every method; "misa:training.epochs=3" to that one and its twin.
    `without` is dropped from every row. A method that cannot be run is shown with its error and
    does not stop the rest. The other arguments are those of `ablate`.
    """
    if not methods:
        raise MindkitError("nothing to compare; name at least one method")
    registries = load_plugins(plugins).registries
    common, special = _by_method(settings, methods)

    def spec_of(method: str, *drop: str) -> Spec:
        return load_spec(
            registries,
            method,
            dataset=dataset,
            data=data,
            training=training,
            settings=[*common, *special.get(method, ())],
            drop=[*without, *drop],
            simulate=simulate,
        )

    rows: list[Row] = []
    for method in methods:
        full = spec_of(method)
        rows.append(Row(method, full, "methods"))
        others = [m for m in full.method.modalities if m != "text"]
        if others and "text" in full.method.modalities:
            names = [TWIN] if TWIN in method_ablations(method) else others
            rows.append(Row(f"{method}, text only", spec_of(method, *names), "text alone"))
    rows.sort(key=lambda row: row.group)  # methods first, then their twins, each in the order given
    widest = max((row.spec for row in rows), key=lambda spec: len(spec.method.modalities))
    plan = Plan(
        f"compare-{'-'.join(dict.fromkeys(row.spec.method.name for row in rows))}"[:80]
        + f"-{widest.data.name}",
        f"{', '.join(methods)} on {widest.data.name}",
        tuple(rows),
        baseline or methods[0],
        seeds,
        tuple(baselines(widest, registries, Path(out), fresh)),
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


def _by_method(
    settings: Sequence[str], methods: Sequence[str]
) -> tuple[list[str], dict[str, list[str]]]:
    """Settings for all methods, and those that begin with "METHOD:" by method."""
    common: list[str] = []
    special: dict[str, list[str]] = {}
    for setting in settings:
        method, colon, rest = setting.partition(":")
        if colon and method in methods:
            special.setdefault(method, []).append(rest)
        else:
            common.append(setting)
    return common, special

"""A method on a data set, once or over several seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mindkit.config.load import load_spec
from mindkit.config.spec import Spec
from mindkit.data.library import open_store
from mindkit.hooks import load_plugins
from mindkit.kinds import Tracker
from mindkit.registry import Registries
from mindkit.train.run import RunResult, run_spec
from mindkit.train.selection import settle


@dataclass(frozen=True)
class Results:
    """The runs of one config over its seeds."""

    name: str
    runs: tuple[RunResult, ...]

    def __iter__(self) -> Iterator[RunResult]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def test(self) -> dict[str, float]:
        """Mean test score over the seeds, by metric."""
        return {metric: self.mean(metric) for metric in self.runs[0].test}

    def mean(self, metric: str, split: str = "test") -> float:
        """Return the mean over the seeds."""
        return statistics.fmean(getattr(run, split)[metric] for run in self.runs)

    def deviation(self, metric: str, split: str = "test") -> float:
        """Return the sample standard deviation over the seeds (ddof 1), NaN for a single one."""
        values = [getattr(run, split)[metric] for run in self.runs]
        return statistics.stdev(values) if len(values) > 1 else math.nan

    @property
    def stamps(self) -> tuple[str, ...]:
        """What must be said beside these numbers."""
        return tuple(dict.fromkeys(stamp for run in self.runs for stamp in run.stamps))


MakeTracker = Callable[[str, Spec], Tracker]


def run(
    method: str,
    dataset: str | None = None,
    *,
    data: str | None = None,
    training: str | None = None,
    seeds: int = 1,
    drop: Sequence[str] = (),
    settings: Sequence[str] = (),
    plugins: Sequence[str] = (),
    simulate: bool = True,
    out: str | Path = "runs",
    device: str | None = None,
    resume: bool = False,
    fresh: bool = False,
    display: MakeTracker | None = None,
) -> Results:
    """Train `method` on `dataset`, select on validation, score the test split once, for each seed.

    Seeds count up from the config's own `training.seed`. The other arguments are those of `mindkit
    run`: `settings` are its `--set` lines ("terms.cons.type=hsic"). Each run has its folder
    under `out`; a finished run of the same config and data is read instead of repeated.
    """
    registries = load_plugins(plugins).registries
    spec = load_spec(
        registries,
        method,
        dataset=dataset,
        data=data,
        training=training,
        settings=settings,
        drop=drop,
        simulate=simulate,
    )
    name = _name(method, drop)
    return run_seeds(
        spec, registries, name, seeds, Path(out), device, resume, fresh, display=display
    )


def run_seeds(
    spec: Spec,
    registries: Registries,
    name: str,
    seeds: int,
    out: Path,
    device: str | None = None,
    resume: bool = False,
    fresh: bool = False,
    *,
    display: MakeTracker | None = None,
) -> Results:
    """Run `spec` once for each of `seeds` seeds; the data are read once."""
    store = open_store(spec.data, registries)
    spec = settle(spec, registries, store)
    runs = []
    for number in range(seeds):
        seeded = with_seed(spec, spec.training.seed + number)
        label = name if seeds == 1 else f"{name}, seed {seeded.training.seed}"
        runs.append(
            run_spec(
                seeded,
                registries,
                out=out,
                device=device,
                resume=resume,
                fresh=fresh,
                trackers=[display(label, seeded)] if display else [],
                store=store,
            )
        )
    return Results(name, tuple(runs))


def with_seed(spec: Spec, seed: int) -> Spec:
    """Return the same spec with another seed."""
    first = spec.training.seed
    if seed == first:
        return spec
    resolved = spec.resolved | {"training": spec.resolved["training"] | {"seed": seed}}
    origins = spec.origins | {"training.seed": f"--seeds, counted from {first}"}
    training = replace(spec.training, seed=seed)
    return replace(spec, training=training, resolved=resolved, origins=origins)


def _name(method: str, drop: Sequence[str]) -> str:
    return method if not drop else f"{method} without {', '.join(drop)}"

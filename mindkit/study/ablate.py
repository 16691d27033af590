"""The full method against itself without a part: the paper's Table 2, a row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mindkit.config.compose import default_method
from mindkit.config.load import load_spec
from mindkit.config.spec import Spec
from mindkit.errors import MindkitError
from mindkit.hooks import load_plugins
from mindkit.study.run import MakeTracker, Results, run_seeds


@dataclass(frozen=True)
class Ablation:
    """The full method's results, and those of each ablation by what was dropped."""

    full: Results
    dropped: dict[str, Results]

    def rows(self) -> list[Results]:
        """The full method first, then the ablations in the order asked for."""
        return [self.full, *self.dropped.values()]

    def change(self, drop: str, metric: str) -> float:
        """Return the mean test score without `drop` minus the full method's."""
        return self.dropped[drop].mean(metric) - self.full.mean(metric)


def ablate(
    method: str | None = None,
    dataset: str | None = None,
    *,
    drop: Sequence[str],
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
    display: MakeTracker | None = None,
) -> Ablation:
    """Train the full method and, for each entry of `drop`, the method without it, over `seeds`.

    Without `method`, it is the one that configs/default.yaml names. An entry is a term, a
    representation, a modality or a named ablation of the method. `without` is dropped from every
    row, the full one too, as where the data lack a modality. All configs are checked before the
    first is trained; finished runs are reused and interrupted ones resumed.
    """
    if not drop:
        raise MindkitError("nothing to ablate; name at least one part, as in --drop cyr")
    registries = load_plugins(plugins).registries
    method = default_method() if method is None else method

    def spec_without(names: Sequence[str]) -> Spec:
        return load_spec(
            registries,
            method,
            dataset=dataset,
            data=data,
            training=training,
            settings=settings,
            drop=names,
            simulate=simulate,
        )

    specs = {"": spec_without(without)} | {name: spec_without([*without, name]) for name in drop}
    results = {
        name: run_seeds(
            spec,
            registries,
            _label(name, method, specs[""]),
            seeds,
            Path(out),
            device,
            resume=True,
            fresh=fresh,
            display=display,
        )
        for name, spec in specs.items()
    }
    return Ablation(results.pop(""), results)


def _label(name: str, method: str, full: Spec) -> str:
    if not name:
        return f"{method} (full)"
    parts = [*full.method.encoders, *(r.name for r in full.method.representations)]
    parts += [term.name for term in full.method.terms]
    return f"w/o {name}" if name in parts else name  # a named ablation says it itself

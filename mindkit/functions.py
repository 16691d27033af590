"""The Python side of the commands, gathered so that `import mindkit` stays light."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindkit.config.catalogue import describe_components
from mindkit.config.load import dump, load_spec
from mindkit.data.doctor import check_data
from mindkit.data.importing import import_data
from mindkit.data.library import list_data, simulate_data
from mindkit.hooks import load_plugins
from mindkit.model import instantiate
from mindkit.study.ablate import ablate
from mindkit.study.check import check
from mindkit.study.compare import compare
from mindkit.study.differences import diff_runs
from mindkit.study.reproduce import reproduce
from mindkit.study.run import run
from mindkit.study.runs import group_runs, runs
from mindkit.study.score import score
from mindkit.study.tune import tune
from mindkit.train.run import RunResult

__all__ = [
    "ablate",
    "check",
    "check_data",
    "compare",
    "components",
    "create",
    "diff_runs",
    "group_runs",
    "import_data",
    "list_data",
    "load_run",
    "reproduce",
    "run",
    "runs",
    "score",
    "show",
    "simulate_data",
    "tune",
]


def create(kind: str, name: str, *, plugins: Sequence[str] = (), **arguments: Any) -> Any:
    """Return one component that works alone: `create("criteria", "hsic", kernel="rbf")`.

    `kind` is a registry, plural or singular; `arguments` are options and the sizes it is wired with
    (`create("mi_estimators", "jsd", x_dim=128, z_dim=128)`). Built-in losses take `(..., B, D)`.
    """
    return instantiate.create(load_plugins(plugins).registries, kind, name, **arguments)


def components(kind: str | None = None, *, plugins: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return what can be plugged in: name, kind, one line, options with defaults, plugin."""
    return describe_components(load_plugins(plugins).registries, kind)


def show(method: str, dataset: str | None = None, **arguments: Any) -> str:
    """Return the whole resolved config as YAML, with the origin of each value as a comment.

    `arguments` are `load_spec`'s (data, training, settings, drop, simulate), and `plugins`.
    """
    registries = load_plugins(arguments.pop("plugins", ())).registries
    return dump(load_spec(registries, method, dataset=dataset, **arguments), origins=True)


def load_run(folder: str | Path) -> RunResult:
    """Return the result of a finished run."""
    return RunResult.read(Path(folder))

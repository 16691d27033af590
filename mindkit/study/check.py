"""A config examined without training: all that is wrong with it, and with it on its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mindkit.config.load import load_spec
from mindkit.config.spec import Spec
from mindkit.data.library import open_store
from mindkit.data.store import Column, Store
from mindkit.data.transforms import treatments
from mindkit.errors import ConfigError, MindkitError, Problem
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema
from mindkit.model.checking import check as check_model
from mindkit.train.selection import selection_problems


@dataclass(frozen=True)
class Checked:
    """A config without mistakes of its own, and the `problems` it has with its data."""

    spec: Spec
    problems: tuple[Problem, ...]


def examine(
    method: str, dataset: str | None = None, *, plugins: Sequence[str] = (), **config: Any
) -> Checked:
    """Check the config of `method`, and that its model can be built for its data.

    Raises `ConfigError` with every mistake in the config itself. `config` is what else `load_spec`
    takes: data, training, settings, drop, simulate.
    """
    registries = load_plugins(plugins).registries
    spec = load_spec(registries, method, dataset=dataset, **config)
    try:
        store = open_store(spec.data, registries)
        treatments(spec.data, _fed(store, spec))
    except MindkitError as error:
        problems = [*selection_problems(spec, registries), Problem("data", str(error))]
    else:
        problems = selection_problems(spec, registries, store)
        problems += check_model(spec, registries, InputSchema.of(store))
    return Checked(spec, tuple(problems))


def _fed(store: Store, spec: Spec) -> dict[str, Column]:
    """The columns that feed the method's modalities, where there are any."""
    columns = store.splits["train"].columns
    return {m: columns[m] for m in spec.method.modalities if m in columns}


def check(method: str, dataset: str | None = None, **arguments: Any) -> list[Problem]:
    """Return everything that `examine` finds, mistakes in the config itself included."""
    try:
        return list(examine(method, dataset, **arguments).problems)
    except ConfigError as error:
        return list(error.problems)

"""The best trial of a search, as a config like any other and as commands."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindkit.config.load import as_yaml, load_spec
from mindkit.config.spec import Spec
from mindkit.data.files import write_text
from mindkit.errors import MindkitError
from mindkit.registry import Registries
from mindkit.study.search import Search
from mindkit.study.trials import Trial

FILE = "best.yaml"


def ranking(trials: Sequence[Trial], mode: str) -> list[Trial]:
    """Return the finished trials, the best on validation first; of equals, the earlier first."""
    finished = [one for one in trials if one.state == "finished"]
    sign = 1 if mode == "min" else -1
    return sorted(finished, key=lambda one: (sign * one.value, one.number))


def best_of(trials: Sequence[Trial], mode: str) -> Trial:
    """Return the first of the ranking."""
    if ranked := ranking(trials, mode):
        return ranked[0]
    errors = [f"trial {one.number}: {one.error}" for one in trials if one.error]
    raise MindkitError("\n".join([f"none of {len(trials)} trials finished", *errors[:3]]))


def write_winner(search: Search, best: Trial, registries: Registries) -> Path:
    """Write `best.yaml`: the method as base, and every value in which the winner differs from it.

    What `--set` and `--training` gave is in it too; data and what was dropped are not.
    """
    base = load_spec(registries, **search.config | {"training": None})
    winner = search.spec(registries, best.settings)
    values = _changed(winner.resolved, base.resolved)
    method = search.config["method"]
    if method.endswith((".yaml", ".yml")) or "/" in method:
        method = Path(os.path.relpath(method, search.folder)).as_posix()
    found = ", ".join(best.settings)
    head = (
        f"# Trial {best.number} of {search.trials}: {search.metric} {best.value:.6g} on validation "
        f"of {winner.data.name}, seed {winner.training.seed}.\n# Found: {found}\n"
    )
    path = search.folder / FILE
    write_text(
        path, head + as_yaml({"base": method, "name": f"{winner.method.name}_tuned"} | values)
    )
    return path


def tuned_spec(search: Search, path: Path, registries: Registries) -> Spec:
    """Return the config in `best.yaml` on the search's data."""
    rest = search.config | {"method": str(path), "training": None}
    return load_spec(registries, **rest)


def command(
    search: Search, method: str, settings: Sequence[str] = (), training: bool = True
) -> str:
    """Return the `mindkit run` line of a method on the search's data."""
    config = search.config
    words = ["mindkit", "run", method]
    for option in ("dataset", "data", *(["training"] if training else [])):
        words += [f"--{option}", config[option]] if config[option] is not None else []
    for name in config["drop"]:
        words += ["--drop", name]
    words += [] if config["simulate"] else ["--no-simulate"]
    for option, values in (("--plugin", search.plugins), ("--set", settings)):
        for value in values:
            words += [option, value]
    return shlex.join(words)


def _changed(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Return what `new` says otherwise; a block of another type whole, since merging resets it."""
    found = {}
    for key, value in new.items():
        before: Any = old.get(key)
        if key in old and value == before:
            continue
        both = isinstance(value, dict) and isinstance(before, dict)
        merged = both and value.get("type") == before.get("type")
        found[key] = _changed(value, before) if merged else value
    return found

"""A paper's own numbers, and whether a run may be set beside them.

`configs/methods/<method>/published.yaml` holds, by data set, what the paper printed of its method
(`metrics`) and of each ablation by the name that drops it (`ablations`), and what a run must have
used to be comparable (`needs`): the columns, the number of samples in each split, and settings such
as the text model. What an ablation drops, it need not have had.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from mindkit.config.files import config_root
from mindkit.train.run import RunResult


def published(run: RunResult) -> dict[str, float]:
    """Return the paper's scores by metric, or {} where data, features or method differ from it."""
    return {} if run.dropped else _comparable(run, "")


def published_ablation(run: RunResult) -> dict[str, float]:
    """Return the paper's scores of what is left without the one `--drop` of the run, or {}.

    {} too where data or features differ, where the paper has no such row, or without two drops.
    """
    names = set(re.findall(r": dropped \(--drop ([^)]+)\)", "\n".join(run.dropped)))
    return _comparable(run, names.pop()) if len(names) == 1 else {}


def _comparable(run: RunResult, drop: str) -> dict[str, float]:
    path = config_root() / "methods" / run.method / "published.yaml"
    if not path.is_file():
        return {}
    text = (run.folder / "config.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    if set(run.stamps) - {config.get("stamp")}:  # its own is said of the method, the rest of data
        return {}
    entry = yaml.safe_load(path.read_text(encoding="utf-8")).get(run.dataset, {})
    metrics = entry.get("ablations", {}).get(drop) if drop else entry.get("metrics")
    if metrics is None:
        return {}
    if not drop and "/ablations.yaml:" in text:
        return {}  # an ablation of settings alone leaves a trace in their origins only
    fits = _fits(run, config, entry["needs"], {drop})
    return dict(metrics) if fits else {}


def _fits(run: RunResult, config: dict[str, Any], needs: dict[str, Any], without: set[str]) -> bool:
    columns = run.data["columns"]
    return (
        all(
            name in columns and all(columns[name][key] == value for key, value in needed.items())
            for name, needed in needs["columns"].items()
            if name not in without
        )
        and run.data["samples"] == needs["samples"]
        and all(
            _setting(config, path) == value
            for path, value in needs["settings"].items()
            if not without.intersection(path.split("."))
        )
    )


def _setting(config: dict[str, Any], path: str) -> Any:
    value: Any = config
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value

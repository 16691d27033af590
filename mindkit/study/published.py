"""A paper's own numbers, and whether a run may be set beside them.

`configs/methods/<method>/published.yaml` holds, by data set, what the paper printed (`metrics`) and
what a run must have used to be comparable (`needs`): the columns, the number of samples in each
split, and settings such as the text model.
"""

from __future__ import annotations

from typing import Any

import yaml

from mindkit.config.compose import config_root
from mindkit.train.run import RunResult


def published(run: RunResult) -> dict[str, float]:
    """Return the paper's scores by metric, or {} where data, features or method differ from it."""
    path = config_root() / "methods" / run.method / "published.yaml"
    if run.stamps or run.dropped or not path.is_file():
        return {}
    entry = yaml.safe_load(path.read_text(encoding="utf-8")).get(run.dataset)
    if entry is None:
        return {}
    config = yaml.safe_load((run.folder / "config.yaml").read_text(encoding="utf-8"))
    return dict(entry["metrics"]) if _comparable(run, config, entry["needs"]) else {}


def _comparable(run: RunResult, config: dict[str, Any], needs: dict[str, Any]) -> bool:
    columns = run.data["columns"]
    return (
        all(
            name in columns and all(columns[name][key] == value for key, value in needed.items())
            for name, needed in needs["columns"].items()
        )
        and run.data["samples"] == needs["samples"]
        and all(_setting(config, path) == value for path, value in needs["settings"].items())
    )


def _setting(config: dict[str, Any], path: str) -> Any:
    value: Any = config
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value

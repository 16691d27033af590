"""One run as a list of runs shows it: what its folder says, finished or not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mindkit.errors import MindkitError
from mindkit.study.folders import (
    CONFIG,
    ENVIRONMENT,
    ERROR,
    METRICS,
    STATE,
    Setting,
    Status,
    damaged,
    read_record,
    read_settings,
    read_text,
    scores_of,
    status_of,
)
from mindkit.train.metrics import METRICS as SCORES

FACTS = (
    "folder",
    "status",
    "method",
    "dataset",
    "seed",
    "selection",
    "parameters",
    "seconds",
    "when",
    "dropped",
    "stamps",
    "error",
)
_NAME = re.compile(r"(?P<method>.+)-(?P<dataset>[^-]+)-(?P<seed>\d+)-[0-9a-f]{8}")


@dataclass(frozen=True)
class ListedRun:
    """One run. valid, test: its scores, none until it is finished.

    selection: the metric that selects and its value on validation. seconds: of training and
    scoring. when: of the last change. data: the digest. error: of a run that failed.
    """

    folder: Path
    status: Status
    when: datetime
    method: str = ""
    dataset: str = ""
    seed: int | None = None
    valid: dict[str, float] = field(default_factory=dict[str, float])
    test: dict[str, float] = field(default_factory=dict[str, float])
    selection: tuple[str, float] | None = None
    parameters: int | None = None
    seconds: float | None = None
    dropped: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()
    data: str = ""
    error: str = ""

    @classmethod
    def read(cls, folder: Path) -> ListedRun:
        """Return what `folder` says; a config is read where there are no scores yet."""
        status, when = status_of(folder), _changed(folder)
        try:
            facts = _finished(folder) if status == "finished" else _unfinished(folder)
        except MindkitError as error:  # the other runs can still be listed
            return cls(folder, "damaged", when, error=str(error))
        return cls(folder, status, when, **facts)

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """The resolved config by dotted path; {} where it is damaged, or the run never had one."""
        there = self.status != "damaged" and (self.folder / CONFIG).is_file()
        return read_settings(self.folder) if there else {}

    def value(self, column: str) -> Any:
        """Return a fact, a score ("test.mae", "valid.mae", or "mae" of test) or a setting."""
        if column in FACTS:
            return getattr(self, column)
        split, _, metric = column.rpartition(".")
        if split in ("", "test", "valid") and metric in SCORES:
            return (self.valid if split == "valid" else self.test).get(metric)
        setting = self.settings.get(column)
        return None if setting is None else setting.value


def _finished(folder: Path) -> dict[str, Any]:
    record = read_record(folder / METRICS)
    try:
        selection = record["selection"]
        return {
            **{name: record[name] for name in ("method", "dataset", "seed")},
            **{name: record[name] for name in ("parameters", "seconds")},
            **{split: scores_of(record[split]) for split in ("valid", "test")},
            "selection": (selection["metric"], selection["value"]),
            "dropped": tuple(record["dropped"]),
            "stamps": tuple(record["stamps"]),
            "data": record["data"]["digest"],
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(folder / METRICS, f"{type(error).__name__}: {error}") from None


def _unfinished(folder: Path) -> dict[str, Any]:
    error = folder / ERROR
    facts: dict[str, Any] = {"error": read_text(error).strip() if error.is_file() else ""}
    if (folder / ENVIRONMENT).is_file():  # written after the config
        settings, environment = read_settings(folder), read_record(folder / ENVIRONMENT)
        paths = {"method": "name", "dataset": "data.name", "seed": "training.seed"}
        lines = [one.value for path, one in settings.items() if path.startswith("dropped[")]
        return {
            **facts,
            **{fact: settings[path].value for fact, path in paths.items() if path in settings},
            "dropped": tuple(lines),
            "stamps": tuple(environment["stamps"]),
            "data": environment["data"]["digest"],
        }
    if told := _NAME.fullmatch(folder.name):
        facts |= told.groupdict() | {"seed": int(told["seed"])}
    return facts


def _changed(folder: Path) -> datetime:
    files = [folder / name for name in (METRICS, ERROR, STATE, ENVIRONMENT)]
    newest = max(path.stat().st_mtime for path in files if path.is_file())
    return datetime.fromtimestamp(newest).astimezone()

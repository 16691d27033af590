"""What a finished run leaves: its scores, and what it predicted."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindkit.data.files import write_text
from mindkit.data.store import Store
from mindkit.errors import MindkitError


@dataclass(frozen=True)
class RunResult:
    """A finished run, as `metrics.json` in its folder holds it.

    valid, test: metric -> score with the selected weights. epoch: the selected one, 0-based.
    stamps: what must be said wherever these numbers appear (a method's own stamp, simulated data,
    leaky features).
    seconds: of a run made together with others, its share.
    """

    folder: Path
    method: str
    dataset: str
    seed: int
    valid: dict[str, float]
    test: dict[str, float]
    selection: dict[str, Any]
    epoch: int
    epochs: int
    parameters: int
    seconds: float
    stamps: tuple[str, ...]
    dropped: tuple[str, ...]
    data: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> RunResult:
        """Return the result in `folder`."""
        path = folder / "metrics.json"
        if not path.is_file():
            raise MindkitError(
                f"{folder} holds no finished run (no metrics.json); `mindkit run … --resume` "
                "finishes one that was interrupted"
            )
        values = json.loads(path.read_text(encoding="utf-8"))
        for split in ("valid", "test"):
            scores = values[split].items()
            values[split] = {n: math.nan if v is None else v for n, v in scores}
        for name in ("stamps", "dropped"):
            values[name] = tuple(values[name])
        return cls(folder=folder, **values)

    def write(self) -> None:
        """Write `metrics.json`, NaN as null: the last file of a run, which is finished with it."""
        values = {name: value for name, value in asdict(self).items() if name != "folder"}
        for split in ("valid", "test"):
            scores = values[split].items()
            values[split] = {n: None if math.isnan(v) else v for n, v in scores}
        write_text(self.folder / "metrics.json", json.dumps(values, indent=2))


def predictions_table(
    store: Store, predictions: Mapping[str, np.ndarray], stamps: Sequence[str]
) -> str:
    """Return predictions.csv: id, split, truth, and the prediction of (N, C) arrays by split."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    columns = (
        ["prediction"] if store.task == "regression" else [f"score_{c}" for c in _classes(store)]
    )
    mark = ["; ".join(stamps)] if stamps else []
    writer.writerow(["id", "split", "truth", *columns, *(["stamp"] if stamps else [])])
    for name, values in predictions.items():
        split = store.splits[name]
        for identifier, truth, row in zip(
            split.ids, split.target.tolist(), values.tolist(), strict=True
        ):
            writer.writerow([identifier, name, repr(truth), *map(repr, row), *mark])
    return table.getvalue()


def _classes(store: Store) -> Sequence[str]:
    return store.classes or [str(number) for number in range(store.num_outputs)]

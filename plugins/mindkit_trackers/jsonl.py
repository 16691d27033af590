from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindkit.api import MindkitError, Tracker


class Jsonl(Tracker):
    """Write `history.jsonl` in the run's folder: one JSON object a line for each epoch.

    A number that is not finite becomes null, since JSON has none. On resuming, logging an epoch
    again takes out the records from that epoch on, so that each stands once and in order; a last
    line that was cut off in the middle goes too.
    """

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.path = folder / "history.jsonl"
        self.records = _read(self.path) if self.path.exists() else []
        self._rewrite()

    def log(self, record: Mapping[str, Any]) -> None:
        finite = _finite(record)
        kept = [earlier for earlier in self.records if earlier["epoch"] < finite["epoch"]]
        if len(kept) < len(self.records):
            self.records = kept
            self._rewrite()
        self.records.append(finite)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(finite))  # closed at once, so what is logged survives a crash

    def _rewrite(self) -> None:
        unfinished = self.path.with_suffix(".tmp")
        unfinished.write_text("".join(map(_line, self.records)), encoding="utf-8")
        os.replace(unfinished, self.path)


def _read(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise MindkitError(
                    f"{path}:{number}: not a JSON object ({error}); mend or delete the line, or "
                    "start the run again with --fresh"
                ) from None
    return records


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

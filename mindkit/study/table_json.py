"""A table as JSON and back, with every number; what is not a number is null."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from mindkit.errors import MindkitError
from mindkit.study.provenance import Provenance
from mindkit.study.summaries import Comparison, Summary
from mindkit.study.tables import SeedFailure, SeedRun, StudyTable, TableRow

T = TypeVar("T", Summary, Comparison)


def to_json(table: StudyTable) -> str:
    """Return the table as JSON; infinities are the words "inf" and "-inf"."""
    return json.dumps(_plain(asdict(table)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> StudyTable:
    """Return the table that `to_json` wrote."""
    values = json.loads(text)
    provenance = values.pop("provenance")
    facts = {name: tuple(found) for name, found in provenance.pop("facts").items()}
    return StudyTable(
        **{
            **_tuples(values),
            "rows": tuple(map(_row, values["rows"])),
            "provenance": Provenance(facts, **_tuples(provenance)),
        }
    )


def read_table(path: Path | str) -> StudyTable:
    """Return the table in a file that `write_tables` wrote as JSON."""
    try:
        return from_json(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MindkitError(f"no file {path}; a study writes its table.json at its end") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MindkitError(
            f"{path} holds no table of a study; give the table.json in a study's folder"
        ) from None


def _row(values: dict[str, Any]) -> TableRow:
    return TableRow(
        **{
            **_tuples(values),
            "runs": tuple(
                SeedRun(**run | {"scores": {m: _real(v) for m, v in run["scores"].items()}})
                for run in values["runs"]
            ),
            "failures": tuple(SeedFailure(**failure) for failure in values["failures"]),
            "summaries": {m: _numbers(Summary, v) for m, v in values["summaries"].items()},
            "comparisons": {m: _numbers(Comparison, v) for m, v in values["comparisons"].items()},
        }
    )


def _numbers(kind: type[T], values: dict[str, Any]) -> T:
    real = {one.name for one in fields(kind) if one.type == "float"}
    arguments: dict[str, Any] = {n: _real(v) if n in real else v for n, v in values.items()}
    return kind(**arguments)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {n: tuple(value) if isinstance(value, list) else value for n, value in values.items()}


def _real(value: float | str | None) -> float:
    return math.nan if value is None else float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value

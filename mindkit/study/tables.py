"""The table of a study as data: all that its renderings show, in the terminal or a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mindkit.errors import MindkitError, did_you_mean
from mindkit.study import footer
from mindkit.study.provenance import Provenance, gather
from mindkit.study.published import published as of_method
from mindkit.study.published import published_ablation
from mindkit.study.row_reading import ReadRow, difference, read_row
from mindkit.study.statistics import adjusted, compare, summarise
from mindkit.study.study import RowRuns
from mindkit.study.summaries import Comparison, Summary
from mindkit.train.metrics import better

METRICS = 4  # columns of a table that was not asked for any in particular


@dataclass(frozen=True)
class SeedRun:
    """One finished run of a row: where it is, and its test scores by metric of the table."""

    seed: int
    folder: str
    scores: dict[str, float]


@dataclass(frozen=True)
class SeedFailure:
    """One run of a row that could not be made or read, and why."""

    seed: int
    folder: str
    error: str


@dataclass(frozen=True)
class TableRow:
    """One row: all by metric but what is said of the whole row.

    group: the heading it stands under. parameters: of the model, None where no run finished.
    dropped: what the config left out, and what went with it. other_samples: in what its test
    samples are not those of the baseline, or else of the first row; it is compared with none then.
    """

    name: str
    group: str
    runs: tuple[SeedRun, ...]
    failures: tuple[SeedFailure, ...]
    summaries: dict[str, Summary]
    comparisons: dict[str, Comparison]
    published: dict[str, float]
    parameters: int | None
    dropped: tuple[str, ...]
    stamps: tuple[str, ...]
    other_samples: str = ""

    @property
    def asked(self) -> int:
        """How many runs were asked for: those that finished and those that failed."""
        return len(self.runs) + len(self.failures)


@dataclass(frozen=True)
class StudyTable:
    """A table of test scores over seeds.

    metrics: which way each is better. baseline: the row that the others are compared with, "" for
    none. seeds: how many each row was to have. footer: what is said below it, a sentence each.
    """

    title: str
    dataset: str
    metrics: dict[str, Literal["min", "max"]]
    rows: tuple[TableRow, ...]
    baseline: str
    seeds: int
    stamps: tuple[str, ...]
    provenance: Provenance
    footer: tuple[str, ...] = ()

    def row(self, name: str) -> TableRow:
        """Return the row of that name."""
        names = [row.name for row in self.rows]
        if name not in names:
            raise MindkitError(f"the table has no row '{name}'{did_you_mean(name, names)}")
        return self.rows[names.index(name)]


def build_table(
    rows: Sequence[RowRuns],
    *,
    seeds: int,
    title: str = "",
    metrics: Sequence[str] | None = None,
    baseline: str | None = None,
    groups: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    published: bool = True,
) -> StudyTable:
    """Return the table of `rows`, in their order, with statistics over seeds and test samples.

    seeds: how many runs each row was to have. metrics: the first few that all runs report, unless
    named. baseline: the name of the row that all others are tested against. groups: row -> the
    heading it stands under. notes: more to be said below. published: whether the paper's numbers
    are shown where they are comparable. A run whose files cannot be read counts as failed.
    """
    names = [row.name for row in rows]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise MindkitError(f"two rows of a table are named '{twice}'; rename one")
    if baseline is not None and baseline not in names:
        raise MindkitError(f"baseline '{baseline}' is no row{did_you_mean(baseline, names)}")
    read = [read_row(row) for row in rows]
    dataset = _only_data_set(read)
    chosen = _common_metrics(read) if metrics is None else tuple(dict.fromkeys(metrics))
    described = [
        _described(one, chosen, (groups or {}).get(one.name, ""), published) for one in read
    ]
    described = _against(described, read, chosen, baseline)
    table = StudyTable(
        title=title or f"{dataset or 'no finished run'}, test split",
        dataset=dataset,
        metrics={metric: better(metric) for metric in chosen},
        rows=tuple(described),
        baseline=baseline or "",
        seeds=seeds,
        stamps=tuple(dict.fromkeys(stamp for row in described for stamp in row.stamps)),
        provenance=gather(
            (one.name, run.seed, environment)
            for one in read
            for run, environment in zip(one.runs, one.environments, strict=True)
        ),
    )
    return replace(table, footer=(*footer.sentences(table), *notes))


def _only_data_set(rows: Sequence[ReadRow]) -> str:
    datasets = {run.dataset: row.name for row in rows for run in row.runs}
    if len(datasets) > 1:
        found = ", ".join(f"{dataset} ({name})" for dataset, name in datasets.items())
        raise MindkitError(f"a table is of one data set, and these rows have {found}; split them")
    return next(iter(datasets), "")


def _common_metrics(rows: Sequence[ReadRow]) -> tuple[str, ...]:
    runs = [run for row in rows for run in row.runs]
    reported = (
        [name for name in runs[0].test if all(name in run.test for run in runs)] if runs else []
    )
    return tuple(reported[:METRICS])


def _described(row: ReadRow, metrics: Sequence[str], group: str, published: bool) -> TableRow:
    first = row.runs[0] if row.runs else None
    paper = (of_method(first) or published_ablation(first)) if first and published else {}
    return TableRow(
        name=row.name,
        group=group,
        runs=tuple(
            SeedRun(run.seed, str(run.folder), {m: run.test[m] for m in metrics if m in run.test})
            for run in row.runs
        ),
        failures=tuple(SeedFailure(f.seed, str(f.folder), f.error) for f in row.failures),
        summaries={
            metric: summarise(metric, row.predictions, row.tests[0].truth)
            for metric in (metrics if first else ())
        },
        comparisons={},
        published={metric: paper[metric] for metric in metrics if metric in paper},
        parameters=first.parameters if first else None,
        dropped=first.dropped if first else (),
        stamps=tuple(dict.fromkeys(stamp for run in row.runs for stamp in run.stamps)),
    )


def _against(
    described: Sequence[TableRow],
    read: Sequence[ReadRow],
    metrics: Sequence[str],
    baseline: str | None,
) -> list[TableRow]:
    """The rows with what is odd of their samples, and their comparisons with the baseline."""
    finished = [row for row in read if row.tests]
    base = next((row for row in finished if row.name == baseline), None)
    first = base or next(iter(finished), None)
    odd = {
        row.name: f"{found} of {first.name}"
        for row in finished
        if first and (found := difference(row.tests[0], first.tests[0]))
    }
    able = [row for row in finished if row is not base and row.name not in odd]
    compared = _compared(able, base, metrics) if base else {}
    return [
        replace(
            row,
            comparisons=compared.get(row.name, {}),
            other_samples=odd.get(row.name, ""),
        )
        for row in described
    ]


def _compared(
    rows: Sequence[ReadRow], baseline: ReadRow, metrics: Sequence[str]
) -> dict[str, dict[str, Comparison]]:
    """The comparisons by row and metric, corrected over the rows for each metric."""
    found: dict[str, dict[str, Comparison]] = {row.name: {} for row in rows}
    for metric in metrics:
        each = [_comparison(metric, row, baseline) for row in rows]
        corrected = adjusted([one.p for one in each])
        for row, one, p in zip(rows, each, corrected, strict=True):
            found[row.name][metric] = replace(one, p_adjusted=p)
    return found


def _comparison(metric: str, row: ReadRow, baseline: ReadRow) -> Comparison:
    return compare(
        metric,
        row.predictions,
        baseline.predictions,
        row.tests[0].truth,
        paired=row.seeds == baseline.seeds,
    )

"""A table says what runs predicted, against a baseline, and everything odd about its rows."""

import math
import re
import statistics
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_rel

from mindkit.errors import MindkitError
from mindkit.study.statistics import DEFAULT, compare, words
from mindkit.study.study import Failure, RowRuns
from mindkit.study.tables import build_table

TRUTH = np.array([1.0, -2.0, 0.5, 3.0, -1.5, 2.5, -0.5, 1.5], np.float32)
OFF = np.array([0.5, 0.25, -0.5, 0.125, 0.0, -0.25, 0.375, 1.0], np.float32)
of_mae = partial(build_table, metrics=["mae"])

COLUMNS = {
    "text": {"kind": "text", "width": None},
    "audio": {"kind": "sequence", "width": 74},
    "vision": {"kind": "sequence", "width": 47},
}
PAPERS = {
    "data": {"columns": COLUMNS, "samples": {"train": 1284, "valid": 229, "test": 686}},
    "config": {"encoders": {"text": {"model": "bert-base-uncased", "tune": "all"}}},
}


@pytest.fixture
def row(finished_row):
    """A row whose seeds are off by these factors of OFF."""

    def call(name, *factors, truth=TRUTH, off=OFF, **facts):
        return finished_row(name, truth, [truth + off * factor for factor in factors], **facts)

    return call


@pytest.fixture
def rows(row):
    return [row("full", 1, 2), row("w/o cyr", 2, 3), row("w/o np", 1.5, 2.5)]


def said(table):
    return "\n".join(table.footer)


def test_a_row_has_mean_deviation_and_number_of_its_seeds_and_samples(rows):
    table = of_mae(rows, seeds=2)
    errors = [float(np.abs(OFF).mean()) * factor for factor in (1, 2)]
    summary = table.row("full").summaries["mae"]
    assert summary.mean == pytest.approx(statistics.fmean(errors), rel=1e-6)
    assert summary.sd == pytest.approx(statistics.stdev(errors), rel=1e-6)
    assert (summary.seeds, summary.samples) == (2, 8)
    assert summary.low < summary.mean < summary.high


def test_rows_keep_their_order_runs_and_scores(rows):
    table = build_table(rows, seeds=2, groups={"w/o np": "role of constraint"})
    assert [one.name for one in table.rows] == ["full", "w/o cyr", "w/o np"]
    assert [one.group for one in table.rows] == ["", "", "role of constraint"]
    assert [run.seed for run in table.row("full").runs] == [1, 2]
    for run, source in zip(table.row("full").runs, rows[0].runs, strict=True):
        assert run.folder == str(source.folder)
        assert run.scores == {metric: source.test[metric] for metric in table.metrics}


def test_the_first_four_metrics_that_every_run_reports_are_shown(rows):
    scores = dict(list(rows[2].runs[0].test.items())[1:])
    rows[2] = replace(rows[2], runs=tuple(replace(run, test=scores) for run in rows[2].runs))
    table = build_table(rows, seeds=2)
    assert table.metrics == {"mse": "min", "acc2_has0": "max", "acc7": "max", "acc5": "max"}


def test_metrics_may_be_named_and_need_not_have_been_reported(rows):
    table = build_table(rows, seeds=2, metrics=["corr", "mae"])
    assert table.metrics == {"corr": "max", "mae": "min"}
    expected = np.corrcoef(TRUTH, TRUTH + OFF)[0, 1], np.corrcoef(TRUTH, TRUTH + 2 * OFF)[0, 1]
    assert table.row("full").summaries["corr"].mean == pytest.approx(np.mean(expected), rel=1e-6)
    assert list(table.row("full").runs[0].scores) == ["mae"]


def test_every_row_but_the_baseline_is_compared_with_it(rows):
    table = of_mae(rows, seeds=2, baseline="full")
    assert table.baseline == "full"
    assert table.row("full").comparisons == {}
    for name in ("w/o cyr", "w/o np"):
        found = table.row(name)
        assert list(found.comparisons) == list(table.metrics)
        means = [one.summaries["mae"].mean for one in (found, table.row("full"))]
        assert found.comparisons["mae"].difference == pytest.approx(means[0] - means[1], rel=1e-6)
        assert found.other_samples == ""


def test_without_a_baseline_nothing_is_compared_and_nothing_said_of_tests(rows):
    table = of_mae(rows, seeds=2)
    assert table.baseline == ""
    assert all(one.comparisons == {} for one in table.rows)
    assert "Test against" not in said(table)
    assert "Stars" not in said(table)


def test_p_values_are_corrected_over_the_rows_for_each_metric_by_holm(row):
    offs = [OFF, OFF + 0.25, OFF * 3, OFF[::-1] + 1.5]
    rows = [row(str(n), 1, off=off) for n, off in enumerate(offs)]
    table = build_table(rows, seeds=1, baseline="0", metrics=["mae", "mse"])
    for metric, error in (("mae", np.abs), ("mse", np.square)):
        plain = [ttest_rel(error(off), error(OFF)).pvalue for off in offs[1:]]
        found = [table.row(str(n)).comparisons[metric] for n in (1, 2, 3)]
        assert [one.p for one in found] == pytest.approx(plain, rel=1e-4)
        holm, least = {}, 0.0
        for rank, p in enumerate(sorted(plain)):
            holm[p] = least = max(least, min(1.0, p * (len(plain) - rank)))
        assert [one.p_adjusted for one in found] == pytest.approx(
            [holm[p] for p in plain], rel=1e-4
        )


def test_the_footer_says_the_statistics_and_what_stars_mean(rows):
    text = said(of_mae(rows, seeds=2, baseline="full"))
    for sentence in words(
        DEFAULT, baseline="full", samples=8, seeds=[2, 2, 2], comparisons=2, paired=True
    ):
        assert sentence in text
    assert "Stars, by the corrected p against full: * p < 0.05, ** p < 0.01, *** p < 0.001" in text


def test_notes_come_last(rows):
    table = of_mae(rows, seeds=2, notes=["No row without vision."])
    assert table.footer[-1] == "No row without vision."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ids": list("abcdefgh")}, "its 8 test samples are others, or in another order"),
        ({"truth": TRUTH + 1}, "its test samples have other labels than those of full"),
        (
            {"truth": TRUTH[:7], "off": OFF[:7]},
            "its 7 test samples are others.* than the 8 of full",
        ),
    ],
)
def test_a_row_of_other_samples_is_shown_but_not_compared(row, changes, reason):
    rows = [row("full", 1, 2), row("other", 2, 3, **changes), row("w/o np", 2, 3)]
    table = of_mae(rows, seeds=2, baseline="full")
    assert table.row("other").summaries["mae"].mean > 0
    assert table.row("other").comparisons == {}
    assert table.row("w/o np").comparisons
    assert re.search(reason, table.row("other").other_samples)
    (line,) = [line for line in table.footer if line.startswith("other is compared with no other")]
    assert re.search(reason, line)
    facts = {"baseline": "full", "samples": 8, "seeds": [2, 2, 2], "paired": True}
    assert set(words(DEFAULT, comparisons=1, **facts)) <= set(table.footer)


def test_without_a_baseline_samples_are_those_of_the_first_finished_row(row):
    lost = RowRuns("lost", (), (Failure(1, Path("runs/a"), "gone"),))
    rows = [lost, row("full", 1), row("other", 1, ids=list("abcdefgh")), row("w/o np", 2)]
    table = of_mae(rows, seeds=1)
    odd = [bool(one.other_samples) for one in table.rows]
    assert odd == [False, False, True, False]
    assert table.row("other").other_samples.endswith("than the 8 of full")


def test_seeds_that_are_not_the_baselines_are_not_paired_and_it_is_said(row):
    rows = [row("full", 1, 2), row("w/o cyr", 2, 3), row("constant", 4, parameters=1)]
    text = said(of_mae(rows, seeds=2, baseline="full"))
    assert "Seeds are not paired for constant" in text
    assert "w/o cyr" not in next(line for line in text.splitlines() if "not paired for" in line)


def test_seeds_are_paired_by_their_numbers(row):
    rows = [row("full", 1, 2), row("same", 2, 3.5), row("other", 2, 3.5, seeds=[2, 3])]
    table = of_mae(rows, seeds=2, baseline="full")
    full, same = ([TRUTH + OFF * f for f in factors] for factors in ((1, 2), (2, 3.5)))
    for name, paired in (("same", True), ("other", False)):
        expected = compare("mae", np.stack(same), np.stack(full), TRUTH, paired=paired)
        assert table.row(name).comparisons["mae"].p == pytest.approx(expected.p, rel=1e-6)
    assert table.row("same").comparisons["mae"].p != table.row("other").comparisons["mae"].p


def test_a_table_without_any_pairs_says_so(row):
    table = of_mae([row("full", 1, 2), row("constant", 4)], seeds=2, baseline="full")
    facts = {"baseline": "full", "samples": 8, "seeds": [2, 1], "comparisons": 1}
    assert set(words(DEFAULT, paired=False, **facts)) <= set(table.footer)
    assert "Seeds are not paired for" not in said(table)


def test_a_failed_run_is_kept_with_its_error(rows):
    failure = Failure(2, Path("runs/mind-2"), "TrainingError: loss is\n  nan")
    rows[1] = replace(rows[1], runs=rows[1].runs[:1], failures=(failure,))
    table = of_mae(rows, seeds=2, baseline="full")
    found = table.row("w/o cyr")
    assert (len(found.runs), found.asked) == (1, 2)
    assert found.failures[0].error == failure.error
    assert "FAILED: w/o cyr, seed 2 (runs/mind-2): TrainingError: loss is nan" in table.footer
    assert found.comparisons


def test_a_row_without_any_finished_run_stays_in_the_table(rows):
    rows[1] = RowRuns(
        "w/o cyr", (), (Failure(1, Path("runs/a"), "one"), Failure(2, Path("b"), "two"))
    )
    table = of_mae(rows, seeds=2, baseline="full")
    found = table.row("w/o cyr")
    assert (found.summaries, found.comparisons, found.parameters) == ({}, {}, None)
    assert "Nothing is compared" not in said(table)
    assert sum(line.startswith("FAILED: w/o cyr") for line in table.footer) == 2


def test_a_baseline_without_a_finished_run_leaves_the_others_uncompared(rows):
    rows[0] = RowRuns("full", (), (Failure(1, Path("runs/a"), "out of memory"),))
    table = of_mae(rows, seeds=2, baseline="full")
    assert all(one.comparisons == {} for one in table.rows)
    assert "Nothing is compared: full has no finished run." in table.footer
    assert all(one.other_samples == "" for one in table.rows)


def test_a_study_of_which_nothing_finished_is_still_a_table():
    rows = [RowRuns("full", (), (Failure(1, Path("runs/a"), "out of memory"),))]
    table = build_table(rows, seeds=1, baseline="full", title="Ablations")
    assert (table.title, table.dataset, table.metrics) == ("Ablations", "", {})
    assert table.footer == (
        "Nothing is compared: full has no finished run.",
        "FAILED: full, seed 1 (runs/a): out of memory",
    )


@pytest.mark.parametrize("name", ["predictions.csv", "environment.json"])
def test_a_run_whose_files_are_lost_counts_as_failed(rows, name):
    (rows[1].runs[0].folder / name).unlink()
    found = of_mae(rows, seeds=2, baseline="full").row("w/o cyr")
    assert [run.seed for run in found.runs] == [2]
    assert found.failures[0].seed == 1
    assert name in found.failures[0].error


def test_a_seed_of_other_samples_than_the_first_counts_as_failed(row):
    one, other = row("full", 1), row("full", 2, ids=list("abcdefgh"), seeds=[2])
    found = of_mae([replace(one, runs=one.runs + other.runs)], seeds=2).row("full")
    assert [run.seed for run in found.runs] == [1]
    assert "another order, than the 8 of seed 1" in found.failures[0].error


def test_an_undefined_score_is_named_and_breaks_nothing(row):
    rows = [row("full", 1, 2), row("constant", 0, off=np.zeros(8, np.float32))]
    constant = rows[1].runs[0].folder / "predictions.csv"
    lines = constant.read_text().splitlines()
    cut = [line.rsplit(",", 1)[0] + ",0.5" for line in lines[1:]]
    constant.write_text("\n".join([lines[0], *cut]) + "\n")
    table = build_table(rows, seeds=2, baseline="full", metrics=["corr", "mae"])
    assert math.isnan(table.row("constant").summaries["corr"].mean)
    assert table.row("constant").comparisons["mae"].p >= 0
    assert "– Not defined for the predictions: corr of constant." in table.footer


def test_classes_are_scored_from_their_scores(finished_row):
    truth = np.array([0, 1, 2, 1])
    right, wrong = np.eye(3)[truth], np.eye(3)[[0, 1, 2, 0]]
    row = finished_row("full", truth, [right, wrong], dataset="mintrec")
    table = build_table([row], seeds=2)
    assert list(table.metrics) == ["accuracy", "f1_macro"]
    assert table.row("full").summaries["accuracy"].mean == pytest.approx((1 + 0.75) / 2)


@pytest.mark.parametrize(("parameters", "differs"), [(1010, False), (1011, True), (989, True)])
def test_parameters_of_over_a_hundredth_more_or_less_than_the_baselines_are_said(
    row, parameters, differs
):
    rows = [row("full", 1, 2), row("w/o cyr", 1, 2, parameters=parameters)]
    table = of_mae(rows, seeds=2, baseline="full")
    assert table.row("w/o cyr").parameters == parameters
    assert ("parameters differs from that of full" in said(table)) == differs


def test_stamps_of_any_row_are_those_of_the_table(row):
    rows = [
        row("full", 1),
        row("w/o cyr", 1, stamps=("SIMULATED",)),
        row("c", 1, stamps=("LEAKY",)),
    ]
    table = of_mae(rows, seeds=1)
    assert table.stamps == ("SIMULATED", "LEAKY")
    assert [one.stamps for one in table.rows] == [(), ("SIMULATED",), ("LEAKY",)]


def test_where_the_numbers_come_from_and_in_what_rows_differ_is_said(row):
    rows = [row("full", 1, 2), row("w/o cyr", 1, 2, environment={"device": "NVIDIA X"})]
    table = of_mae(rows, seeds=2)
    assert table.provenance.facts["device"] == ("cpu", "NVIDIA X")
    assert table.provenance.facts["commit"] == ("abcdef0123456789",)
    assert table.provenance.seeds == (1, 2)
    assert "Rows differ in device: cpu (full); NVIDIA X (w/o cyr)." in table.footer


def test_a_papers_numbers_stand_beside_runs_like_its_own(row):
    dropped = ("cyr: dropped (--drop cyr)",)
    rows = [row("mind (full)", 1, **PAPERS), row("w/o cyr", 2, dropped=dropped, **PAPERS)]
    rows += [row("of a stamp", 2, stamps=("SIMULATED",), **PAPERS), row("of other data", 2)]
    table = build_table(rows, seeds=1, metrics=["mae", "acc7"])
    assert [one.published for one in table.rows] == [
        {"mae": 0.711, "acc7": 0.466},
        {"mae": 0.787},
        {},
        {},
    ]
    assert "Paper: the published number" in said(table)
    without = of_mae(rows, seeds=1, published=False)
    assert all(one.published == {} for one in without.rows)
    assert "Paper:" not in said(without)


def test_mistakes_are_told_with_what_would_do(rows, row):
    with pytest.raises(MindkitError, match="baseline 'ful' is no row; did you mean 'full'"):
        of_mae(rows, seeds=2, baseline="ful")
    with pytest.raises(MindkitError, match="two rows of a table are named 'full'; rename one"):
        of_mae([*rows, row("full", 1)], seeds=2)
    with pytest.raises(
        MindkitError, match=r"rows have mosi \(w/o np\), mosei \(other\); split them"
    ):
        of_mae([*rows, row("other", 1, dataset="mosei")], seeds=2)
    with pytest.raises(MindkitError, match="no metric named 'maee'; did you mean 'mae'"):
        build_table(rows, seeds=2, metrics=["maee"])
    with pytest.raises(MindkitError, match="metric 'accuracy' is for classification"):
        build_table(rows, seeds=2, metrics=["accuracy"])
    with pytest.raises(MindkitError, match="the table has no row 'w/o cy'; did you mean 'w/o cyr'"):
        of_mae(rows, seeds=2).row("w/o cy")

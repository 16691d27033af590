"""What stands in the cells: places, stars, names and marks, whatever the rendering."""

import math
from dataclasses import replace

import pytest

from mindkit.study.cells import Cell, details, has_other_parameters, left_out, lines, with_papers


@pytest.fixture
def cells(study_table):
    return {line.row.name: line.cells for line in lines(study_table)}


def with_means(table, metric, means):
    """The table with these means of one metric, row by row."""
    rows = []
    for row, mean in zip(table.rows, means, strict=True):
        summary = replace(table.rows[0].summaries[metric], mean=mean)
        rows.append(replace(row, summaries=row.summaries | {metric: summary}))
    return replace(table, rows=tuple(rows))


def places(table, metric):
    return [line.cells[metric].place for line in lines(table)]


def test_a_cell_is_mean_and_deviation_to_three_digits(cells):
    assert cells["full_1"]["mae"] == Cell("0.700", "0.013", "", "second")


def test_a_single_seed_has_no_deviation(study_table):
    row = study_table.rows[0]
    alone = {m: replace(summary, sd=math.nan) for m, summary in row.summaries.items()}
    (line,) = lines(replace(study_table, rows=(replace(row, summaries=alone),)))
    assert (line.cells["mae"].mean, line.cells["mae"].sd) == ("0.700", "")


def test_stars_are_by_the_corrected_p_and_below_their_level(study_table, cells):
    assert [cells[row.name]["mae"].stars for row in study_table.rows] == ["", "**", "***", "", "*"]
    assert all(cells[row.name]["f1_non0"].stars == "" for row in study_table.rows)


@pytest.mark.parametrize(
    ("p", "stars"), [(0.05, ""), (0.01, "*"), (0.001, "**"), (0.0, "***"), (math.nan, "")]
)
def test_a_level_itself_is_not_below_it(study_table, p, stars):
    row = study_table.row("third")
    comparison = replace(row.comparisons["mae"], p_adjusted=p)
    table = replace(study_table, rows=(replace(row, comparisons={"mae": comparison}),))
    table = replace(table, baseline="")
    assert [line.cells["mae"].stars for line in lines(table)] == [stars]


def test_the_best_is_the_least_where_less_is_better(study_table):
    table = with_means(study_table, "mae", [0.7, 0.9, 0.6, 0.8, 1.0])
    assert places(table, "mae") == ["second", "", "best", "", ""]


def test_the_best_is_the_greatest_where_more_is_better(study_table):
    table = with_means(study_table, "f1_non0", [0.7, 0.9, 0.6, 0.8, 0.5])
    assert places(table, "f1_non0") == ["", "best", "", "second", ""]


def test_equal_numbers_share_a_place(study_table):
    table = with_means(study_table, "mae", [0.7001, 0.8, 0.6999, 0.8004, 0.9])
    assert places(table, "mae") == ["best", "second", "best", "second", ""]


def test_an_undefined_score_has_no_place(study_table):
    table = with_means(study_table, "f1_non0", [math.nan, 0.9, math.nan, 0.8, math.nan])
    assert places(table, "f1_non0") == ["", "best", "", "second", ""]


def test_a_score_on_other_samples_has_no_place(study_table):
    table = with_means(study_table, "mae", [0.7, 0.5, 0.6, 0.8, 1.0])
    odd = replace(table.rows[1], other_samples="its 7 test samples are others")
    table = replace(table, rows=(table.rows[0], odd, *table.rows[2:]))
    assert places(table, "mae") == ["second", "", "best", "", ""]


def test_a_score_alone_is_not_the_best_of_anything(study_table):
    table = with_means(study_table, "mae", [0.7, math.nan, math.nan, math.nan, math.nan])
    assert places(table, "mae") == [""] * 5


def test_a_row_that_failed_says_so_and_an_undefined_score_is_a_dash(cells):
    assert cells["lost"] == {"mae": Cell("failed"), "f1_non0": Cell("failed")}
    assert cells["[odd] *row*"]["f1_non0"].mean == "–"


def test_names_say_where_seeds_are_missing(study_table):
    assert [line.name for line in lines(study_table)] == [
        "full_1",
        "w/o a & b",
        "[odd] *row* (1 of 2 seeds)",
        "lost (0 of 2 seeds)",
        "third",
    ]


def test_a_row_that_has_no_seeds_to_miss_says_how_many_runs_it_is(study_table):
    row = study_table.rows[0]
    table = replace(study_table, rows=(replace(row, runs=row.runs[:1]),))
    assert [line.name for line in lines(table)] == ["full_1 (1 run)"]


def test_a_heading_is_said_where_it_changes(study_table):
    headings = [line.heading for line in lines(study_table)]
    assert headings == ["", "role of {x}_y", "", "role of #2", ""]


def test_other_parameters_than_the_baselines_are_marked(study_table):
    shown = [line.parameters for line in lines(study_table)]
    assert shown == ["1,234,567", "1,000,000†", "1,234,567", "–", "1,234,567"]
    alone = replace(study_table, baseline="")
    assert not any(has_other_parameters(alone, row) for row in alone.rows)


def test_published_numbers_are_by_row_and_metric(study_table):
    assert with_papers(study_table) == ["mae"]
    assert [line.papers for line in lines(study_table)] == [{"mae": "0.711"}, {}, {}, {}, {}]


def test_details_have_intervals_differences_and_chances(study_table):
    headings, rows = details(study_table, ["mae"])
    assert headings == [
        "row",
        "metric",
        "mean interval",
        "difference",
        "its interval",
        "p",
        "p (Holm)",
        "effect",
    ]
    assert rows[0] == ["full_1", "mae", "[0.600, 0.800]", "", "", "", "", ""]
    assert rows[1][2:5] == ["[0.550, 0.750]", "-0.050", "[-0.100, +0.000]"]
    assert rows[1][5:] == ["0.002", "0.010", "+0.250"]
    assert rows[2][5:7] == ["< 0.001", "< 0.001"]
    assert [row[0] for row in rows] == ["full_1", "w/o a & b", "[odd] *row*", "third"]


def test_a_p_over_seeds_is_shown_where_there_is_one(study_table):
    row = study_table.row("third")
    comparison = replace(row.comparisons["mae"], p_seeds=0.0625)
    table = replace(study_table, rows=(replace(row, comparisons={"mae": comparison}),))
    headings, rows = details(table, ["mae"])
    assert dict(zip(headings, rows[0], strict=True))["p over seeds"] == "0.062"


def test_what_a_row_leaves_out_is_said(study_table):
    assert list(left_out(study_table)) == ["lost leaves out: np: dropped"]

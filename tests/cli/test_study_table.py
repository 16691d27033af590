"""A study's table in terminals of several widths."""

import io
import re
from dataclasses import replace

import pytest
import rich.console

from mindkit.cli.study_table import print_table


@pytest.fixture
def shown(study_table):
    """Print the table, or another, to a console of this width; return the text."""

    def call(width, table=study_table, terminal=False):
        file = io.StringIO()
        console = rich.console.Console(
            file=file, width=width, force_terminal=terminal, highlight=False, markup=False
        )
        print_table(console, table)
        return file.getvalue()

    return call


def boxes(text):
    return [line for line in text.splitlines() if line[:1] in "┏┃┡│├└"]


def cells(text):
    lines = [re.split("[│┃]", line)[1:-1] for line in boxes(text) if line[:1] in "│┃"]
    return [[cell.strip() for cell in line] for line in lines]


def test_a_wide_terminal_has_a_row_on_a_line(shown):
    rows = {row[0]: row[1:] for row in cells(shown(160)) if len(row) == 5}
    assert rows["full_1"] == ["0.700 ± 0.013", "0.711", "0.800 ± 0.013", "1,234,567"]
    assert rows["w/o a & b"][0] == "0.650 ± 0.013**"
    assert rows["lost (0 of 2 seeds)"] == ["failed", "", "failed", "–"]


@pytest.mark.parametrize("width", [80, 100])
def test_80_columns_show_every_number_uncut(shown, study_table, width):
    four = {"corr": "max", "acc2_non0": "max", **study_table.metrics}
    rows = tuple(
        replace(
            row,
            summaries={m: row.summaries["mae"] for m in four} if row.summaries else {},
            comparisons={m: row.comparisons["mae"] for m in four} if row.comparisons else {},
        )
        for row in study_table.rows
    )
    text = shown(width, replace(study_table, metrics=four, rows=rows))
    assert "…" not in text
    assert max(map(len, boxes(text))) <= width
    assert text.count("0.900***") == 4
    assert text.count("±0.013") == 4 * 4
    assert "(0.711)" in text
    assert "[-0.100," in text and "+0.000]" in text


def test_a_terminal_shows_the_best_bold_and_the_second_underlined(shown):
    text = shown(160, terminal=True)
    assert "\x1b[1m0.650 ± 0.013\x1b[0m" in text
    assert "\x1b[4m0.700 ± 0.013\x1b[0m" in text


def test_all_that_must_be_said_is_said(shown, study_table):
    for width in (80, 160):
        lines = shown(width).splitlines()
        assert "SIMULATED_DATA: 100 %" in lines
        assert all(sentence in lines for sentence in study_table.footer)
        assert "lost leaves out: np: dropped" in lines
        assert study_table.provenance.line() in lines


def test_without_comparisons_there_is_one_table(shown, study_table):
    rows = tuple(replace(row, comparisons={}) for row in study_table.rows)
    assert shown(160).count("┏") == 2
    assert shown(160, replace(study_table, rows=rows)).count("┏") == 1

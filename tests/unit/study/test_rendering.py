"""Markdown and CSV of a table, and the files that are written all at once."""

import csv
import io
import math
import re

import pytest

from mindkit.study import rendering
from mindkit.study.rendering import to_csv, to_markdown, write_tables
from mindkit.study.table_json import read_table


def pipes(text):
    """The cells of each line of the pipe tables, escaped pipes kept as they are."""
    found = [line for line in text.splitlines() if line.startswith("|")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in found]


@pytest.fixture
def scores(study_table):
    """The cells of the Markdown table of scores by the name of the row."""
    text = to_markdown(study_table).split("###")[0]
    return {cells[0]: cells[1:] for cells in pipes(text)}


@pytest.fixture
def records(study_table):
    """The lines of the CSV by row and metric."""
    found = csv.DictReader(io.StringIO(to_csv(study_table)))
    return {(record["row"], record["metric"]): record for record in found}


def test_a_markdown_table_has_the_same_number_of_cells_in_each_line(study_table):
    scores, comparisons, _ = to_markdown(study_table).split("###")
    assert {len(cells) for cells in pipes(scores)} == {5}
    assert {len(cells) for cells in pipes(comparisons)} == {8}
    assert len(pipes(scores)) == 2 + 2 + 5  # headings, headings of groups, rows
    assert len(pipes(comparisons)) == 2 + 4 * 2


def test_markdown_marks_the_best_the_second_and_stars(scores):
    assert scores["row"] == ["mae ↓", "paper", "f1_non0 ↑", "parameters"]
    assert scores["full_1"][:2] == ["<ins>0.700 ± 0.013</ins>", "0.711"]
    assert scores["w/o a & b"] == [
        r"**0.650 ± 0.013**\*\*",
        "",
        "**0.800 ± 0.013**",
        "1,000,000†",
    ]
    assert scores["full_1"][2] == "**0.800 ± 0.013**"


def test_markdown_shows_headings_and_failed_rows(scores):
    assert scores["*role of {x}_y*"] == [""] * 4
    assert scores["lost (0 of 2 seeds)"] == ["failed", "", "failed", "–"]


def test_markdown_escapes_what_it_would_take_for_its_own(scores, study_table):
    assert r"[odd] \*row\* (1 of 2 seeds)" in scores
    assert r"- FAILED: lost, seed 2: no {braces} \\ left \| here" in to_markdown(study_table)


def test_markdown_says_stamps_footer_provenance_and_what_was_left_out(study_table):
    lines = to_markdown(study_table).splitlines()
    assert lines[0] == "## Ablations of a_b & c on 50% #1"
    assert lines[2] == "**SIMULATED_DATA: 100 %**"
    assert r"- Mean ± sd; p \< 0.05." in lines
    assert "- Made with seeds 1, 2, commit 0123456789, device cpu or mps." in lines
    assert "- lost leaves out: np: dropped" in lines


def test_the_csv_has_a_line_for_each_row_and_metric(records, study_table):
    assert list(records) == [(r.name, m) for r in study_table.rows for m in study_table.metrics]


def test_the_csv_has_numbers_at_full_precision(records, study_table):
    summary = study_table.row("w/o a & b").summaries["f1_non0"]
    comparison = study_table.row("w/o a & b").comparisons["f1_non0"]
    record = records["w/o a & b", "f1_non0"]
    for name in ("mean", "sd", "low", "high", "level"):
        assert float(record[name]) == getattr(summary, name)
    for name in ("difference", "p", "p_adjusted", "effect"):
        assert float(record[name]) == getattr(comparison, name)
    assert float(record["difference_low"]) == comparison.low
    assert float(record["difference_high"]) == comparison.high
    assert (record["samples"], record["seeds"], record["seeds_asked"]) == ("686", "2", "2")
    assert record["scores"] == "1: 0.79961; 2: 0.79961"
    assert records["full_1", "mae"]["published"] == "0.711"


def test_the_csv_tells_what_is_not_a_number_from_what_is_not_there(records):
    assert math.isnan(float(records["[odd] *row*", "f1_non0"]["mean"]))
    assert records["full_1", "mae"]["p"] == records["lost", "mae"]["mean"] == ""


def test_the_csv_says_stamps_failures_and_provenance(records):
    first, lost = records["full_1", "mae"], records["lost", "mae"]
    assert "seed 2: no {braces} \\ left | here" in lost["failures"]
    assert records["third", "mae"]["stamps"] == "SIMULATED_DATA: 100 %"
    assert all(r["provenance"].startswith("seeds 1, 2, commit") for r in records.values())
    assert first["notes"].startswith("Mean ± sd; p < 0.05.")


def test_a_table_is_written_in_every_format(study_table, tmp_path):
    paths = write_tables(study_table, tmp_path / "study")
    assert [path.name for path in paths] == ["table.md", "table.tex", "table.csv", "table.json"]
    assert sorted(tmp_path.joinpath("study").iterdir()) == sorted(paths)
    assert paths[0].read_text(encoding="utf-8") == to_markdown(study_table)
    assert paths[2].read_text(encoding="utf-8") == to_csv(study_table)
    assert read_table(paths[3]).title == study_table.title


@pytest.mark.parametrize("rendered", ["to_markdown", "to_latex", "to_csv", "to_json"])
def test_none_of_the_files_is_written_when_one_cannot_be(
    study_table, tmp_path, monkeypatch, rendered
):
    write_tables(study_table, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def broken(table):
        raise OSError("no space left")

    monkeypatch.setattr(rendering, rendered, broken)
    with pytest.raises(OSError, match="no space left"):
        write_tables(study_table, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_every_format_shows_every_row_its_failures_and_the_stamp(study_table, tmp_path):
    for path in write_tables(study_table, tmp_path):
        text = re.sub(r"\\(?=[\\{}&#%_*|])", "", path.read_text(encoding="utf-8"))
        for words in ("full_1", "w/o a & b", "third", "lost", "SIMULATED_DATA: 100 %", "braces"):
            assert words in text, (path.name, words)

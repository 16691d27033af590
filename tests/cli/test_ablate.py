"""`mindkit ablate` on tiny data: the table of the paper's Table 2."""

import re

import pytest

import mindkit as package


@pytest.fixture
def ablate(mindkit, tiny_mosi, small_options):
    def call(*arguments, method=("mind",)):
        options = ["--dataset", "mosi", "--data", tiny_mosi, *small_options]
        return mindkit("ablate", *method, *options, *arguments)

    return call


def rows(output):
    """The first table's rows, cell by cell, by the name in their first cell."""
    lines, _, _ = output.partition("└")
    lines = lines.splitlines()
    lines = [re.split("[│┃]", line)[1:-1] for line in lines if line[:1] in ("│", "┃")]
    table = [[cell.strip() for cell in line] for line in lines]
    return {line[0]: line[1:] for line in table}


def test_the_table_names_every_row_with_mean_and_deviation(ablate):
    result = ablate("--drop", "cyr", "--drop", "audio", "--seeds", "2")
    assert result.exit_code == 0, result.output
    table = rows(result.stdout)
    assert set(table) == {"row", "mind (full)", "w/o cyr", "w/o audio"}
    for name in ("mind (full)", "w/o cyr", "w/o audio"):
        assert re.fullmatch(r"\d\.\d{3} ± \d\.\d{3}", table[name][0])
    assert "(ddof 1) over 2 seeds" in result.stdout and "8 test samples" in result.stdout


def test_the_table_shows_the_scores_of_the_runs_and_what_they_left_out(ablate, tmp_path):
    output = ablate("--drop", "noise", "--seeds", "1").stdout
    for run in (package.load_run(folder) for folder in (tmp_path / "runs").glob("mind-*")):
        row = rows(output)["w/o noise" if run.dropped else "mind (full)"]
        assert row[0] == f"{run.test['mae']:.3f}"
        assert row[-1].rstrip("†") == f"{run.parameters:,}"
    (left_out,) = (line for line in output.splitlines() if line.startswith("w/o noise leaves out"))
    assert "noise: dropped (--drop noise)" in left_out
    assert "np: no rows left, since noise was dropped" in left_out


def test_a_row_added_later_is_the_only_one_trained_and_it_is_said(ablate, tmp_path):
    first = ablate("--drop", "cyr", "--seeds", "1").stdout
    files = list((tmp_path / "runs").glob("*/metrics.json"))
    before = [file.stat().st_mtime_ns for file in files]
    second = ablate("--drop", "cyr", "--drop", "np", "--seeds", "1").stdout
    assert [file.stat().st_mtime_ns for file in files] == before
    assert "mind (full), seed 3407: finished before and read again" in second
    assert "w/o cyr, seed 3407: finished before" in second
    assert "w/o np, seed 3407: finished before" not in second
    assert rows(first).items() <= rows(second).items()


def test_without_a_method_it_is_that_of_the_default_config_and_80_columns_suffice(
    ablate, monkeypatch, tmp_path
):
    monkeypatch.setenv("COLUMNS", "80")
    result = ablate("--drop", "non_disentangled", "--seeds", "1", method=())
    assert result.exit_code == 0, result.output
    names = {one.name[:9] for one in (tmp_path / "runs").glob("[!.]*")}
    assert names == {"mind-mosi", "ablate-mi"}
    table = [line for line in result.stdout.splitlines() if line[:1] in ("│", "┃")]
    assert not any("…" in line for line in table)
    assert max(map(len, table)) <= 80


def test_nothing_to_drop_is_an_error_with_an_example(ablate):
    result = ablate()
    assert result.exit_code == 1
    assert "name at least one part, as in --drop cyr" in result.stderr


def test_an_unknown_part_is_an_error_before_anything_is_trained(ablate, tmp_path):
    result = ablate("--drop", "np", "--drop", "cyrr")
    assert result.exit_code == 1
    assert "no term, representation, modality or ablation named 'cyrr'" in result.stderr
    assert not (tmp_path / "runs").exists()

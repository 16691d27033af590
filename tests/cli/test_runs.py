"""`mindkit runs` prints a line for each run, and what differs between those named."""

import json
import shutil
import subprocess
import sys
import time
from typing import get_args

import pytest

import mindkit as package
from mindkit.cli.runs import STATUSES
from mindkit.study.folders import Status


@pytest.fixture(scope="module")
def made(tiny_mosi, small_mind, tmp_path_factory):
    """The folder of two seeds of MInD; nothing may change it."""
    out = tmp_path_factory.mktemp("made") / "runs"
    package.run(
        "mind", "mosi", data=str(tiny_mosi), settings=small_mind, seeds=2, out=out, device="cpu"
    )
    return out


@pytest.fixture
def runs(mindkit, made, tmp_path):
    """`mindkit runs` in a folder with a copy of them as its `runs`."""
    shutil.copytree(made, tmp_path / "runs")

    def call(*arguments):
        return mindkit("runs", *arguments)

    return call


def rows(output):
    """The lines of a listing, cell by cell, by the folder in their first cell."""
    lines = [line.split() for line in output.splitlines()]
    return {line[0]: line[1:] for line in lines if line and line[0].startswith("runs/")}


def test_each_run_has_a_line_with_its_scores(runs):
    result = runs()
    assert result.exit_code == 0, result.output
    found = rows(result.stdout)
    assert len(found) == 2
    for folder, cells in found.items():
        run = package.load_run(folder)
        assert cells[:6] == [
            "mind",
            "mosi",
            str(run.seed),
            "finished",
            "mae",
            f"{run.selection['value']:.4f}",
        ]
        assert cells[6] == f"{run.test['mae']:.4f}"
    assert result.stdout.startswith("2 runs: 2 finished")


def test_80_columns_suffice(runs, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    output = runs().stdout
    assert max(map(len, output.splitlines())) <= 80
    for folder, cells in rows(output).items():
        assert cells[:2] == ["finished", f"{package.load_run(folder).test['mae']:.4f}"]


def test_columns_can_be_chosen(runs):
    output = runs("--columns", "seed,terms.cyr.weight,valid.mae", "--sort", "seed").stdout
    expected = map(package.load_run, rows(output))
    assert list(rows(output).values()) == [
        [str(run.seed), "0.1", f"{run.valid['mae']:.4f}"] for run in expected
    ]
    assert [cells[0] for cells in rows(output).values()] == ["3407", "3408"]


def test_filters_leave_the_runs_that_hold(runs):
    output = runs(
        "--where", "training.seed=3408", "--method", "mind", "--status", "finished"
    ).stdout
    (folder,) = rows(output)
    assert "-3408-" in folder
    assert runs("--status", "failed").stdout.startswith("no runs")


def test_seeds_can_be_taken_together(runs):
    output = runs("--group").stdout
    (group,) = package.group_runs(package.runs("runs"))
    assert f"{group.mean('mae'):.3f} ± {group.deviation('mae'):.3f}" in output
    assert "3407, 3408" in output
    assert "1 configs; test split, mean ± sd over finished seeds" in output


def test_json_is_what_the_function_returns(runs):
    records = json.loads(runs("--json").stdout)
    found = package.runs("runs")
    assert [record["folder"] for record in records] == [str(run.folder) for run in found]
    assert [record["test"] for record in records] == [run.test for run in found]
    chosen = json.loads(runs("--json", "--columns", "seed,training.epochs").stdout)
    assert chosen[0] == {"folder": str(found[0].folder), "seed": 3407, "training.epochs": 1}
    (group,) = json.loads(runs("--json", "--group").stdout)
    assert [run["seed"] for run in group["runs"]] == [3407, 3408]


def test_a_failed_run_is_shown_with_its_error(runs, tmp_path):
    folder = tmp_path / "runs" / "misa-mosi-1-01234567"
    folder.mkdir()
    (folder / "error.txt").write_text("the loss is not finite\n")
    output = runs().stdout
    assert rows(output)["runs/misa-mosi-1-01234567"][:4] == ["misa", "mosi", "1", "failed"]
    assert "runs/misa-mosi-1-01234567: the loss is not finite" in output.splitlines()


def test_stamps_are_said_once(runs, tmp_path):
    for path in (tmp_path / "runs").glob("*/metrics.json"):
        record = json.loads(path.read_text()) | {"stamps": ["LEAKY FEATURES: vision"]}
        path.write_text(json.dumps(record))
    assert runs().stdout.splitlines().count("LEAKY FEATURES: vision") == 1


def test_differences_are_shown_with_values_and_origins(runs):
    first, second = rows(runs().stdout)
    result = runs("--diff", first, second)
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if "│" in line]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    assert cells == [
        ["training.seed", "3407", "3408"],
        ["", "configs/training/default.yaml:6:3", "--seeds, counted from 3407"],
    ]
    (record,) = json.loads(runs("--diff", first, second, "--json").stdout)
    assert [one["value"] for one in record["settings"]] == [3407, 3408]
    assert "nothing differs" in runs("--diff", first, first).stdout


def test_what_makes_no_sense_together_is_refused(runs):
    assert runs("--diff", "a", "b", "--sort", "mae").exit_code == 2
    assert runs("--group", "--columns", "seed").exit_code == 2


def test_an_unknown_column_is_told_the_near_one(runs):
    result = runs("--columns", "sede")
    assert result.exit_code == 1
    assert "no run here has a column 'sede'; did you mean 'seed'?" in result.stderr


def test_a_folder_that_is_not_there_is_an_error(mindkit):
    result = mindkit("runs")
    assert result.exit_code == 1
    assert "no folder runs; name the one that --out was given" in result.stderr


def test_the_states_offered_are_those_there_are():
    assert get_args(Status) == STATUSES


def test_a_thousand_runs_are_listed_in_seconds_without_torch(made, tmp_path):
    source = next(made.glob("mind-*"))
    for number in range(1000):
        folder = tmp_path / f"mind-mosi-{number}-01234567"
        folder.mkdir()
        for name in ("config.yaml", "environment.json", "metrics.json"):
            shutil.copy(source / name, folder / name)
    began = time.perf_counter()
    assert len(package.runs(tmp_path)) == 1000
    assert time.perf_counter() - began < 5  # a fraction of a second on an idle machine
    code = (
        "import sys, mindkit.study.runs, mindkit.cli.run_tables; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

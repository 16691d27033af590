"""`mindkit reproduce` says what differs, makes runs again, and exits with 0 only if they agree."""

import json
import shutil

import pytest

import mindkit as package

EXPECTED = "the same numbers to the bit are expected"


@pytest.fixture(scope="module")
def study(tiny_mosi, small_mind, tmp_path_factory):
    """The folder of a study with two rows of one run each; nothing may change it."""
    return package.ablate(
        "mind",
        "mosi",
        drop=["cyr"],
        seeds=1,
        data=str(tiny_mosi),
        settings=small_mind,
        out=tmp_path_factory.mktemp("made") / "runs",
        device="cpu",
    ).folder


@pytest.fixture(scope="module")
def runs(study):
    """The folders of its runs, by row."""
    rows = json.loads((study / "study.json").read_text())["rows"]
    return {row["name"]: study.parent / row["runs"][0] for row in rows}


@pytest.fixture
def out(runs, tmp_path):
    """`reproduced`, where each run lies as if it had been made again."""
    for folder in runs.values():
        shutil.copytree(folder, tmp_path / "reproduced" / folder.name)
    return tmp_path / "reproduced"


def change(folder, name, **values):
    path = folder / name
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | values))


def test_a_run_is_made_again_under_another_folder(mindkit, runs, tmp_path):
    folder = runs["mind (full)"]
    result = mindkit("reproduce", folder)
    assert result.exit_code == 0, result.output
    assert EXPECTED in result.stdout
    assert "reproduced: scores and predictions are identical to the bit" in result.stdout
    again = package.load_run(tmp_path / "reproduced" / folder.name)
    assert again.test == package.load_run(folder).test
    lines = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines()]
    (mae,) = [line[2:6] for line in lines if line[1:2] == ["mae"]]
    assert mae == [f"{again.valid['mae']:.6f}"] * 2 + [f"{again.test['mae']:.6f}"] * 2


def test_check_trains_nothing_and_fails_where_something_differs(mindkit, runs, tmp_path):
    folder = shutil.copytree(runs["mind (full)"], tmp_path / "runs" / runs["mind (full)"].name)
    same = mindkit("reproduce", folder, "--check")
    assert (same.exit_code, EXPECTED in same.stdout) == (0, True)
    change(folder, "environment.json", python="2.7")
    other = mindkit("reproduce", folder, "--check")
    assert other.exit_code == 1
    assert "environment python: 2.7 then, 3." in other.stdout
    assert EXPECTED not in other.stdout
    assert not (tmp_path / "reproduced").exists()


def test_a_study_has_a_line_for_each_row(mindkit, study, out):
    result = mindkit("reproduce", study)
    assert result.exit_code == 0, result.output
    lines = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines()]
    rows = {line[1]: line[2:-1] for line in lines if len(line) == 10}
    assert {name: (cells[0], cells[-1]) for name, cells in rows.items()} == {
        "mind (full)": ("1 of 1", "identical"),
        "w/o cyr": ("1 of 1", "identical"),
    }
    assert result.stdout.count("reproduced before and read again; --fresh makes it anew") == 2


def test_what_is_not_reproduced_ends_with_status_1_and_its_numbers(mindkit, study, runs, out):
    saved = package.load_run(runs["w/o cyr"]).test
    test = saved | {"mae": saved["mae"] + 0.25}
    change(out / runs["w/o cyr"].name, "metrics.json", test=test)
    result = mindkit("reproduce", study)
    assert result.exit_code == 1
    assert f"{saved['mae']:.4f} / {test['mae']:.4f}" in result.stdout
    assert "NOT reproduced (tolerance 0.001): 1 identical, 1 different" in result.stdout
    close = mindkit("reproduce", study, "--tolerance", "0.3")
    assert close.exit_code == 0
    assert "every score is within 0.3 of the saved one" in close.stdout


def test_a_missing_run_of_a_study_is_named(mindkit, study, runs, out, tmp_path):
    moved = shutil.copytree(study.parent, tmp_path / "runs")
    shutil.rmtree(moved / runs["w/o cyr"].name)
    result = mindkit("reproduce", moved / study.name)
    assert result.exit_code == 1
    assert f"w/o cyr: no folder {moved / runs['w/o cyr'].name}" in result.stdout
    assert "1 identical, 1 not made" in result.stdout
    assert mindkit("reproduce", moved / study.name, "--check").exit_code == 1
    shutil.rmtree(moved / runs["mind (full)"].name)
    assert EXPECTED not in mindkit("reproduce", moved / study.name, "--check").stdout


def test_a_difference_of_all_runs_is_said_once_and_one_of_few_with_their_names(
    mindkit, study, runs, tmp_path
):
    moved = shutil.copytree(study.parent, tmp_path / "runs")
    folders = [moved / folder.name for folder in runs.values()]
    for folder in folders:
        change(folder, "environment.json", python="2.7")
    change(folders[1], "environment.json", threads=64)
    lines = mindkit("reproduce", moved / study.name, "--check").stdout.splitlines()
    assert sum("environment python" in line for line in lines) == 1
    (line,) = [line for line in lines if "environment threads" in line]
    assert line.endswith(f"({folders[1].name})")


def test_data_that_are_not_here_are_one_message(mindkit, runs, tmp_path):
    folder = shutil.copytree(runs["mind (full)"], tmp_path / "runs" / "moved")
    config = folder / "config.yaml"
    lines = config.read_text().splitlines()
    (line,) = [one for one in lines if one.startswith("  path:")]
    config.write_text(config.read_text().replace(line, "  path: data/tiny.npz"))
    result = mindkit("reproduce", folder, "--check")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "there is no data/tiny.npz" in result.stderr
    assert EXPECTED not in result.stdout
    assert "--data PATH" in result.stderr

"""`mindkit run` on tiny data: the folder it leaves, the table, and what goes wrong."""

import csv
import json
import re

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import mindkit as package
from mindkit.cli import cli

FILES = {
    "config.yaml",
    "environment.json",
    "history.jsonl",
    "metrics.json",
    "predictions.csv",
    "model.safetensors",
    "schema.json",
}
SIMULATED = "SIMULATED DATA: not comparable with any published number"


@pytest.fixture
def run(mindkit, tiny_mosi, small_options):
    """`mindkit run mind` on the tiny data, with further options."""

    def call(*more, data=tiny_mosi):
        given = [] if data is None else ["--data", data]
        return mindkit("run", "mind", "--dataset", "mosi", *given, *small_options, *more)

    return call


@pytest.fixture(scope="module")
def finished(tiny_mosi, small_options, tmp_path_factory):
    """What a plain run printed, and the folder it left; nothing may change it."""
    out = tmp_path_factory.mktemp("finished")
    options = ["--dataset", "mosi", "--data", str(tiny_mosi), "--out", str(out), *small_options]
    result = CliRunner().invoke(cli, ["run", "mind", *options])
    assert result.exit_code == 0, result.output
    (folder,) = out.glob("[!.]*")
    return result.stdout, folder


@pytest.fixture
def only_run(tmp_path):
    """Return the folder of the one run that was made."""

    def call():
        (folder,) = (tmp_path / "runs").glob("[!.]*")
        return folder

    return call


@pytest.fixture
def changed(tiny_mosi, tmp_path):
    """Write a copy of the tiny data without an array (None) or with another one."""

    def call(**arrays):
        with np.load(tiny_mosi) as archive:
            whole = dict(archive) | arrays
        path = tmp_path / "changed.npz"
        np.savez(path, **{name: values for name, values in whole.items() if values is not None})
        return path

    return call


def cells(line):
    return [cell.strip() for cell in re.split("[│┃]", line) if cell.strip()]


def test_a_run_leaves_the_files_it_promises_and_no_checkpoint(finished):
    _, folder = finished
    assert {path.name for path in folder.iterdir()} == FILES


def test_the_folder_is_named_by_method_data_set_seed_and_config(finished):
    _, folder = finished
    assert re.fullmatch(r"mind-mosi-3407-[0-9a-f]{8}", folder.name)


def test_predictions_have_ids_and_truths_of_valid_and_test_in_order(finished, tiny_mosi):
    _, folder = finished
    with np.load(tiny_mosi) as archive:
        arrays = dict(archive)
    expected = [
        (str(arrays["id"][row]), name, float(arrays["label"][row]))
        for name in ("valid", "test")
        for row in np.flatnonzero(arrays["split"] == name)
    ]
    with (folder / "predictions.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    found = [(line["id"], line["split"], float(line["truth"])) for line in lines]
    assert found == expected
    errors = [abs(float(one["prediction"]) - float(one["truth"])) for one in lines]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert np.mean(errors[8:]) == pytest.approx(metrics["test"]["mae"], rel=1e-6)
    assert np.mean(errors[:8]) == pytest.approx(metrics["valid"]["mae"], rel=1e-6)


def test_the_closing_table_shows_validation_and_test(finished):
    output, folder = finished
    lines = [cells(line) for line in output.splitlines()]
    metrics = json.loads((folder / "metrics.json").read_text())
    expected = [f"{metrics[split]['mae']:.3f}" for split in ("valid", "test")]
    assert ["mae ↓", *expected] in lines
    assert ["metric", "valid", "test"] in lines


def test_the_selection_is_said(finished):
    output, _ = finished
    assert "selection: mae on validation, min; patience 2" in output
    assert re.search(r"epoch 1 of 1 selected by mae on validation \d", output)


def test_real_data_bear_no_stamp(finished):
    output, folder = finished
    assert "SIMULATED" not in output
    assert json.loads((folder / "metrics.json").read_text())["stamps"] == []


def test_load_run_returns_the_numbers_of_the_run(finished):
    _, folder = finished
    result = package.load_run(folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (result.valid, result.test) == (metrics["valid"], metrics["test"])
    assert (result.method, result.dataset, result.seed) == ("mind", "mosi", 3407)


def test_a_run_in_python_is_the_run_of_the_command_line(
    finished, tiny_mosi, small_mind, own_home, tmp_path
):
    _, folder = finished
    results = package.run(
        "mind", "mosi", data=str(tiny_mosi), settings=small_mind, device="cpu", out=tmp_path
    )
    assert results.runs[0].folder.name == folder.name
    assert results.test == package.load_run(folder).test


def test_what_was_dropped_is_in_the_saved_config_and_said_at_the_end(run, only_run):
    output = run("--drop", "cyr").stdout
    config = yaml.safe_load((only_run() / "config.yaml").read_text())
    assert config["dropped"] == ["cyr: dropped (--drop cyr)"]
    assert "left out: cyr: dropped (--drop cyr)" in output.splitlines()


def test_the_saved_config_is_complete(finished):
    _, folder = finished
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["width"] == 16  # set
    assert config["terms"]["cons"]["weight"] == 1e-4  # the method's
    assert config["terms"]["cons"]["eps"] == 1e-5  # the component's own default


def test_a_finished_run_is_shown_and_not_repeated(run, only_run):
    first = run().stdout
    before = {path: path.stat().st_mtime_ns for path in only_run().iterdir()}
    second = run().stdout
    assert {path: path.stat().st_mtime_ns for path in only_run().iterdir()} == before
    assert "finished before and read again; --fresh repeats it" in second
    assert "finished before" not in first
    table = [line for line in first.splitlines() if "│" in line]
    assert table == [line for line in second.splitlines() if "│" in line]


def test_fresh_repeats_a_finished_run_to_the_same_numbers(run, only_run):
    run()
    path = only_run() / "metrics.json"
    before, written = json.loads(path.read_text()), path.stat().st_mtime_ns
    assert "finished before" not in run("--fresh").stdout
    after = json.loads(path.read_text())
    assert path.stat().st_mtime_ns > written
    assert (after["valid"], after["test"]) == (before["valid"], before["test"])


def test_a_folder_of_a_run_on_other_data_is_refused_and_fresh_takes_it(run, changed):
    path = changed()
    assert run(data=path).exit_code == 0
    changed(label=np.linspace(-3, 3, 40, dtype="f4"))
    result = run(data=path)
    assert result.exit_code == 1
    assert "was run on other data" in result.stderr
    assert "--fresh" in result.stderr
    assert run("--fresh", data=path).exit_code == 0


def test_several_seeds_are_runs_of_their_own_shown_as_mean_and_deviation(run, tmp_path):
    output = run("--seeds", "2").stdout
    first, second = sorted((tmp_path / "runs").glob("[!.]*"))
    runs = [package.load_run(one) for one in (first, second)]
    assert [one.seed for one in runs] == [3407, 3408]
    maes = [one.test["mae"] for one in runs]
    assert f"{np.mean(maes):.3f} ± {np.std(maes, ddof=1):.3f}" in output
    lines = (second / "config.yaml").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("  seed:")]  # that of training
    assert line.split("#")[0].strip() == "seed: 3408"
    assert line.endswith("# --seeds, counted from 3407")


def test_simulated_data_are_said_on_screen_and_in_every_file(run, only_run):
    narrow = ["--set", "encoders.text.tune=none", "--set", "training.batch_size=128"]
    result = run(*narrow, data=None)
    assert result.exit_code == 0, result.output
    assert SIMULATED in result.stdout.splitlines()
    metrics = json.loads((only_run() / "metrics.json").read_text())
    assert metrics["stamps"] == [SIMULATED]
    assert metrics["data"]["simulated"] is True
    for name in ("config.yaml", "environment.json", "history.jsonl", "predictions.csv"):
        assert SIMULATED in (only_run() / name).read_text()
    assert SIMULATED.encode() in (only_run() / "model.safetensors").read_bytes()


def test_without_simulation_missing_data_are_an_error_with_the_import_command(
    run, mindkit, tiny_mosi
):
    result = run("--no-simulate", data=None)
    assert result.exit_code == 1
    (command,) = re.findall(r"^  mindkit (data import .*)$", result.stderr, re.MULTILINE)
    assert mindkit(command.replace("PATH", str(tiny_mosi))).exit_code == 0
    assert run("--no-simulate", data=None).exit_code == 0


def test_a_missing_modality_is_told_the_option_that_leaves_it_out(run, changed):
    path = changed(vision=None)
    result = run(data=path)
    assert result.exit_code == 1
    assert "the data set 'mosi' has no vision; it has: text, audio" in result.stderr
    (option,) = re.findall(r"--drop \w+", result.stderr)
    assert run(*option.split(), data=path).exit_code == 0


def test_a_column_of_another_kind_is_told_the_encoder_that_takes_it(
    mindkit, changed, small_options, tiny_mosi
):
    with np.load(tiny_mosi) as archive:
        path = changed(vision=archive["vision"][:, 0])
    place = small_options.index("encoders.vision={type: transformer, layers: 1, heads: 2}")
    options = small_options[: place - 1] + small_options[place + 1 :]
    command = ["run", "mind", "--dataset", "mosi", "--data", path, *options]
    result = mindkit(*command)
    assert result.exit_code == 1
    assert "vision in 'mosi' is one vector of width 4 a sample" in result.stderr
    (option,) = re.findall(r"--set \S+", result.stderr)
    assert mindkit(*command, *option.split()).exit_code == 0


def test_a_refused_run_leaves_no_folder(run, changed, tmp_path):
    run(data=changed(vision=None))
    assert not (tmp_path / "runs").exists()


def test_a_mistyped_option_lists_near_ones(mindkit):
    result = mindkit("run mind --datset mosi")
    assert result.exit_code == 2
    assert "No such option '--datset'" in result.stderr
    assert "--dataset" in result.stderr


def test_a_mistyped_command_is_told_the_near_one(mindkit):
    result = mindkit("rnu mind")
    assert result.exit_code == 2
    assert "Did you mean 'run'?" in result.stderr


def test_an_unknown_method_is_told_the_near_one(mindkit):
    result = mindkit("run mindd")
    assert result.exit_code == 1
    assert "no method named 'mindd'; did you mean 'mind'?" in result.stderr
    assert "Traceback" not in result.output


def test_an_unknown_device_is_an_error_that_says_what_would_do(run):
    result = run("--device", "gpu9")
    assert result.exit_code == 1
    assert "--device gpu9: this machine cannot compute there" in result.stderr
    assert "leave --device out" in result.stderr

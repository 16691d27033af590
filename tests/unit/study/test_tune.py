import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mindkit.config.load import load_spec
from mindkit.errors import MindkitError
from mindkit.study.folders import status_of
from mindkit.study.run import run
from mindkit.study.tune import tune
from mindkit.train.run import RunResult

OWN = """
name: own
width: 8
encoders:
  audio: {type: average_mlp, layers: 1, hidden: 8}
  vision: {type: average_mlp, layers: 1, hidden: 8}
fusion: {type: concat_mlp, inputs: [encoded.*], fused: 8, hidden: 8}
terms:
  task: {type: supervised, loss: auto, inputs: [[prediction, target]]}
training:
  epochs: 4
  batch_size: 8
  optimizer: {rate: 1e-6}      # too small to learn anything
  selection: {metric: mae}
"""
RATE = "training.optimizer.rate=1e-6..1e-1:log"
DROPOUT = "fusion.dropout=0.0..0.6"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with own.yaml, a method whose rate is bad, and data.npz, which it could learn."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "own.yaml").write_text(OWN)
    random = np.random.default_rng(0)
    splits = ["train"] * 48 + ["valid"] * 16 + ["test"] * 16
    labels = random.uniform(-3, 3, 80).round(1).astype("f4")
    columns = {"audio": np.zeros((80, 4, 5), "f4"), "vision": np.zeros((80, 4, 3), "f4")}
    for row, length in enumerate(random.integers(2, 5, 80)):
        for values in columns.values():
            noise = random.normal(size=(length, values.shape[2]))
            values[row, :length] = noise / 2 + labels[row]
    ids = [f"clip_{row}" for row in range(80)]
    np.savez(folder / "data.npz", id=ids, split=splits, label=labels, **columns)
    return folder


@pytest.fixture(scope="module")
def search(inputs):
    """Tune own.yaml: search(out, trials=2, search=[…], …)."""

    def call(out, **options):
        chosen = {"trials": 2, "search": [RATE, DROPOUT], "seeds": 1, "device": "cpu"} | options
        chosen = {"data": str(inputs / "data.npz")} | chosen
        return tune(str(inputs / "own.yaml"), "mosi", out=out, **chosen)

    return call


@pytest.fixture(scope="module")
def tuned(search, tmp_path_factory):
    return search(tmp_path_factory.mktemp("tuned"), trials=6, pruner="none")


def told(trials):
    """What must not depend on how a search was made."""
    return [(one.number, one.state, one.value, one.settings, one.epochs) for one in trials]


def test_the_first_trial_is_the_config_as_it_stands_and_the_best_one_is_far_better(tuned):
    first = tuned.trials[0]
    assert first.settings == ("training.optimizer.rate=1.0e-06", "fusion.dropout=0.15")
    assert tuned.best.value == min(one.value for one in tuned.trials)
    assert tuned.best.value < 0.8 * first.value


def test_the_winner_is_better_on_test_too_over_seeds_that_no_trial_had(tuned):
    untuned, winner = tuned.study.rows
    assert [one.seed for one in (*untuned.runs, *winner.runs)] == [3408, 3408]
    assert winner.mean("mae") < 0.8 * untuned.mean("mae")
    trials = {read_trial(tuned, one).seed for one in tuned.trials}
    assert trials == {3407}


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def read_trial(tuned, trial):
    return RunResult.read(tuned.folder / "trials" / trial.folder)


def test_no_trial_has_scored_the_test_split_and_each_says_so(tuned):
    for trial in tuned.trials:
        result = read_trial(tuned, trial)
        assert result.test == {}
        assert result.valid["mae"] == pytest.approx(trial.value)
        assert "VALIDATION ONLY: the test split was not scored" in result.stamps
        rows = table(result.folder / "predictions.csv")
        assert {row["split"] for row in rows} == {"valid"}


def test_the_printed_command_makes_the_best_trial_again(tuned, inputs, tmp_path):
    again, _ = tuned.commands
    words = again.split()
    assert words[:3] == ["mindkit", "run", str(inputs / "own.yaml")]
    settings = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    assert tuple(settings) == tuned.best.settings
    data = words[words.index("--data") + 1]
    (once,) = run(words[2], "mosi", data=data, settings=settings, out=tmp_path, device="cpu")
    assert once.selection["value"] == tuned.best.value


def test_the_winners_file_is_a_method_with_its_config_and_a_name_that_tells(tuned, registries):
    path = tuned.config
    text = path.read_text()
    assert path == tuned.folder / "best.yaml"
    assert text.startswith(f"# Trial {tuned.best.number} of 6: mae ")
    winner = load_spec(registries, str(path), dataset="mosi").resolved
    base = text.partition("base: ")[2].split()[0]
    method = str((path.parent / base).resolve())
    found = load_spec(registries, method, dataset="mosi", settings=tuned.best.settings).resolved
    assert winner.pop("name") == "own_tuned"
    assert found.pop("name") == "own"
    assert winner == found


def test_the_winners_file_holds_what_was_set_and_the_training_fragment(
    search, tmp_path, registries
):
    fragment = tmp_path / "slow.yaml"
    fragment.write_text("training: {batch_size: 4, optimizer: {rate: 1e-2}}\n")
    settings = ["fusion={type: attention_pooling, dropout: 0.3}", "training.epochs=2"]
    tuned = search(tmp_path, trials=1, search=[RATE], training=str(fragment), settings=settings)
    assert "--training" not in tuned.commands[1]
    winner = load_spec(registries, str(tuned.config), dataset="mosi")
    assert winner.training.batch_size == 4
    assert winner.training.epochs == 2
    assert winner.training.optimizer.rate == 1e-2
    assert winner.method.fusion.block.type == "attention_pooling"
    assert winner.method.fusion.block.options["dropout"] == 0.3


def test_the_table_of_trials_has_a_column_for_each_searched_value(tuned):
    rows = table(tuned.folder / "trials.csv")
    assert [int(row["trial"]) for row in rows] == list(range(6))
    for row, trial in zip(rows, tuned.trials, strict=True):
        assert row["state"] == "finished"
        assert float(row["mae"]) == trial.value
        assert f"fusion.dropout={row['fusion.dropout']}" == trial.settings[1]


def test_a_search_that_is_called_again_goes_on_to_the_numbers_of_one_call(search, tuned, tmp_path):
    seen = []
    first = search(tmp_path, trials=4, pruner="none", tell_trial=seen.append)
    assert [one.number for one in seen] == [0, 1, 2, 3]
    files = sorted((tmp_path / "tune-own-mosi" / "trials").glob("*/metrics.json"))
    before = [file.stat().st_mtime_ns for file in files]
    seen.clear()
    second = search(tmp_path, trials=6, pruner="none", tell_trial=seen.append)
    assert [one.number for one in seen] == [4, 5]
    assert [file.stat().st_mtime_ns for file in files] == before
    assert told(second.trials[:4]) == told(first.trials)
    assert told(second.trials) == told(tuned.trials)
    assert search(tmp_path, trials=6, pruner="none", tell_trial=seen.append).trials == second.trials
    assert len(seen) == 2


def test_another_space_config_or_data_is_refused_with_what_differs(search, inputs, tmp_path):
    search(tmp_path, trials=1)
    with pytest.raises(MindkitError) as caught:
        search(tmp_path, search=[RATE], settings=["training.batch_size=4"])
    message = str(caught.value)
    assert "holds a study tune-own-mosi that differs" in message
    assert "fusion.dropout searched in: 0..0.6 there, not now" in message
    assert "training.batch_size: 8 there, 4 now" in message
    assert "--name" in message
    other = tmp_path / "other.npz"
    with np.load(inputs / "data.npz") as arrays:
        np.savez(other, **{**arrays, "label": arrays["label"] / 2})
    with pytest.raises(MindkitError, match=r"data: digest [0-9a-f]{12} there, digest [0-9a-f]{12}"):
        search(tmp_path, data=str(other))
    assert len(search(tmp_path, search=[RATE], trials=1, name="two").trials) == 1


def test_fresh_forgets_an_earlier_search(search, tmp_path):
    search(tmp_path, trials=1)
    tuned = search(tmp_path, search=[RATE], trials=1, fresh=True)
    assert [one.settings for one in tuned.trials] == [("training.optimizer.rate=1.0e-06",)]


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_a_trial_that_falls_behind_is_pruned_and_its_folder_says_so(
    pruner, search, tmp_path, monkeypatch
):
    monkeypatch.setattr("mindkit.study.search.JUDGED_TRIALS", 2)
    monkeypatch.setattr("mindkit.study.search.JUDGED_EPOCHS", 1)
    tuned = search(tmp_path, trials=8, pruner=pruner)
    pruned = [one for one in tuned.trials if one.state == "pruned"]
    assert pruned
    assert tuned.best.state == "finished"
    for one in pruned:
        assert one.epochs < 4
        assert one.value > tuned.best.value
        folder = tuned.folder / "trials" / one.folder
        text = f"mae {one.value:.4f} on validation in epoch {one.epochs}\n"
        assert (folder / "pruned.txt").read_text() == text
        assert status_of(folder) == "pruned"
        assert not (folder / "metrics.json").exists()
        assert not (folder / "checkpoint").exists()


def test_a_trial_that_fails_is_kept_with_its_error_and_the_others_are_made(search, tmp_path):
    rates = "training.optimizer.rate=[1e-6, 1e30]"
    tuned = search(tmp_path, trials=5, search=[rates])
    failed = [one for one in tuned.trials if one.state == "failed"]
    assert failed
    assert len(failed) < 5
    for one in failed:
        assert one.settings == ("training.optimizer.rate=1.0e+30",)
        assert "the loss is not finite" in one.error
        assert (
            "the loss is not finite"
            in (tuned.folder / "trials" / one.folder / "error.txt").read_text()
        )
    assert tuned.best.settings == ("training.optimizer.rate=1.0e-06",)


def test_a_search_whose_trials_all_fail_says_why(search, tmp_path):
    with pytest.raises(MindkitError, match=r"none of 2 trials finished\ntrial 0: the loss is not"):
        search(tmp_path, search=["training.optimizer.rate=[1e29, 1e30]"])


def test_a_database_remembers_a_search_as_a_journal_does(search, tuned, tmp_path):
    storage = f"sqlite:///{tmp_path / 'trials.db'}"
    first = search(tmp_path, trials=2, pruner="none", storage=storage)
    assert told(search(tmp_path, trials=3, pruner="none", storage=storage).trials[:2]) == told(
        first.trials
    )
    assert told(first.trials) == told(tuned.trials[:2])
    assert not list(tmp_path.glob("*.journal"))


def test_a_storage_that_cannot_be_opened_is_an_error_with_what_would_do(search, tmp_path):
    with pytest.raises(
        MindkitError, match=r"--storage nosuch://here cannot be opened .*sqlite:///"
    ):
        search(tmp_path, storage="nosuch://here")


def test_without_optuna_the_error_says_how_to_install_it(search, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MindkitError, match=r'pip install "mindkit\[tune\]"'):
        search(tmp_path)


def test_a_trials_folder_is_not_read_as_a_run_with_test_scores(tuned, inputs):
    with pytest.raises(MindkitError, match="a trial of a search, whose test split was not scored"):
        run(
            str(inputs / "own.yaml"),
            "mosi",
            data=str(inputs / "data.npz"),
            settings=tuned.best.settings,
            out=tuned.folder / "trials",
            device="cpu",
        )


def test_a_search_on_a_cluster_is_refused_before_anything_is_written(search, tmp_path):
    with pytest.raises(MindkitError, match="call the same command on each with one --storage"):
        search(tmp_path, executor="slurm", fresh=True)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def in_process(inputs, tmp_path):
    """Start `mindkit tune` in a process of its own, with runs of many epochs."""
    started = []
    words = ["tune", str(inputs / "own.yaml"), "--dataset", "mosi", "--device", "cpu"]
    words += ["--data", str(inputs / "data.npz"), "--search", RATE, "--search", DROPOUT]
    words += ["--seeds", "1", "--out", str(tmp_path), "--set", "training.epochs=16"]
    words += ["--set", "training.selection.patience=30", "--pruner", "none"]

    def call(*more):
        command = [sys.executable, "-m", "mindkit", *words, *more]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, **pipes))
        return started[-1]

    yield call
    for process in started:
        process.kill()
        process.communicate()


def wait_for_second_trial(folder):
    """Return once two trials have made two epochs each."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        histories = [path.read_text().count("\n") for path in folder.glob("*/history.jsonl")]
        if len(histories) > 1 and min(histories) > 1:
            return
        time.sleep(0.02)
    raise AssertionError(f"no second trial in {folder}")


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_search_that_was_stopped_goes_on_to_the_numbers_of_one_that_was_not(
    number, search, in_process, tmp_path
):
    stopped = in_process("--trials", "3")
    wait_for_second_trial(tmp_path / "tune-own-mosi" / "trials")
    os.kill(stopped.pid, number)
    _, errors = stopped.communicate()
    if number == signal.SIGTERM:
        assert stopped.returncode == 128 + signal.SIGTERM
        assert "the search is stopped; call the same command again to go on" in errors
    histories = list(tmp_path.glob("tune-own-mosi/trials/*/history.jsonl"))
    lines = {path: path.read_text().splitlines() for path in histories}
    options = {
        "trials": 3,
        "pruner": "none",
        "settings": ["training.epochs=16", "training.selection.patience=30"],
    }
    resumed = search(tmp_path, **options)
    assert told(resumed.trials) == told(search(tmp_path / "whole", **options).trials)
    for path, before in lines.items():  # nothing was trained twice but the epoch that was cut off
        assert path.read_text().splitlines()[: len(before) - 1] == before[:-1]


@pytest.mark.slow
def test_worker_processes_make_a_search_together(search, tmp_path):
    seen = []
    options = {"executor": "processes", "workers": 2, "tell_trial": seen.append}
    tuned = search(tmp_path, trials=4, **options)
    assert [one.number for one in tuned.trials] == [0, 1, 2, 3]
    assert sorted(one.number for one in seen) == [0, 1, 2, 3]
    assert all(one.state == "finished" for one in tuned.trials)
    assert len(tuned.study.rows) == 2


@pytest.mark.slow
def test_two_processes_share_one_search_and_no_trial_is_made_twice(in_process, tmp_path):
    both = [in_process("--trials", "4", "--set", "training.epochs=6") for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert errors == ""
    rows = table(tmp_path / "tune-own-mosi" / "trials.csv")
    assert [int(row["trial"]) for row in rows] == list(range(4))
    assert {row["state"] for row in rows} == {"finished"}
    assert len({row["folder"] for row in rows}) == 4
    for row in rows:
        history = tmp_path / "tune-own-mosi" / "trials" / row["folder"] / "history.jsonl"
        assert len(history.read_text().splitlines()) == 6

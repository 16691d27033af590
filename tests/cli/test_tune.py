"""`mindkit tune` on tiny data: what a person sees of a search."""

import re

import pytest

OWN = """
name: own
width: 8
encoders: {audio: {type: average_mlp, hidden: 8}, vision: {type: average_mlp, hidden: 8}}
fusion: {type: concat_mlp, inputs: [encoded.*], fused: 8, hidden: 8}
terms:
  task: {type: supervised, loss: auto, inputs: [[prediction, target]]}
training: {epochs: 2, batch_size: 8, selection: {metric: mae}}
"""


@pytest.fixture
def tune(mindkit, tiny_mosi, tmp_path):
    (tmp_path / "own.yaml").write_text(OWN)

    def call(*arguments, method="own.yaml"):
        options = ["--dataset", "mosi", "--data", tiny_mosi, "--device", "cpu", "--seeds", "2"]
        return mindkit("tune", method, *options, *arguments)

    return call


def test_a_search_shows_its_trials_the_winner_and_both_rows_on_test(tune, tmp_path):
    result = tune("--trials", "3", "--search", "training.optimizer.rate=1e-6..1e-1:log")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    number = r"\d\.\d{4}"
    for trial in range(3):
        shown = rf"trial {trial}: {number} after 2 epoch\(s\)  training\.optimizer\.rate=\S+"
        assert sum(re.fullmatch(shown, line) is not None for line in lines) == 1
    assert any("3 trials (3 finished, 0 pruned, 0 failed)" in line for line in lines)
    assert any("1e-06..0.1:log" in line and "3e-05" in line for line in lines)
    assert any(line.startswith("the winner with any seed: mindkit run") for line in lines)
    assert any("own.yaml (untuned)" in line for line in lines)
    assert "no trial was scored on the test split" in result.stdout
    assert result.stderr == ""
    assert (tmp_path / "runs" / "tune-own-mosi.journal").is_file()


def test_the_winners_file_is_taken_by_run(tune, mindkit, tiny_mosi):
    output = tune("--trials", "1", "--search", "training.optimizer.rate=1e-6..1e-1:log").stdout
    line = next(one for one in output.splitlines() if one.startswith("the winner with any seed"))
    words = line.partition(": mindkit ")[2].split()
    result = mindkit(*words, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "own_tuned" in result.stdout


def test_what_is_searched_comes_from_the_methods_own_file(tune, tmp_path):
    (tmp_path / "search.yaml").write_text("fusion.dropout: {low: 0.0, high: 0.5}\n")
    result = tune("--trials", "1")
    assert result.exit_code == 0, result.output
    assert "trial 0: " in result.stdout
    assert "fusion.dropout=0.15" in result.stdout


def test_a_mistake_in_the_space_is_shown_with_file_and_line_before_anything_is_made(tune, tmp_path):
    (tmp_path / "search.yaml").write_text("# mine\nfusion.droput: {low: 0.0, high: 0.5}\n")
    result = tune()
    assert result.exit_code == 1
    assert "search.yaml:2:1: fusion.droput" in result.stderr
    assert "did you mean 'fusion.dropout'?" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_trial_that_failed_is_shown_with_its_error(tune):
    result = tune("--trials", "3", "--search", "training.optimizer.rate=[3e-5, 1e30]")
    assert result.exit_code == 0, result.output
    assert re.search(r"^trial [12] failed: the loss is not finite", result.stdout, re.MULTILINE)
    assert "0 pruned, 0 failed" not in result.stdout

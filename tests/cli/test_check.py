import pytest
from click.testing import CliRunner

from mindkit.cli import cli

FAST = ("--set", "encoders.text.tune=none")


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDKIT_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(cli, ["check", *arguments])


def test_a_sound_config_is_said_to_be_so_with_its_rows(check):
    result = check("mind", *FAST)
    assert result.exit_code == 0, result.output
    assert "mind on mosi: no mistakes" in result.stdout
    assert "info 9, cons 3, diff 12, recon 3, cyr 6" in result.stdout


def test_what_was_dropped_is_said(check):
    result = check("mind", *FAST, "--drop", "noise")
    assert "left out: np: no rows left, since noise was dropped" in result.stdout


def test_every_mistake_of_a_config_is_shown(check):
    result = check("mind", "--set", "terms.diff.kernel=rbff", "--set", "training.epochs=0")
    assert result.exit_code == 1
    assert "did you mean 'rbf'?" in result.stderr
    assert "training.epochs" in result.stderr


def test_a_model_that_does_not_fit_the_data_is_a_problem(check):
    result = check("mind", *FAST, "--set", "encoders.audio.type=vector")
    assert result.exit_code == 1
    assert "encoders.audio" in result.stderr
    assert "takes vector" in result.stderr


def test_missing_data_are_a_problem_when_nothing_may_be_simulated(check):
    result = check("mind", *FAST, "--no-simulate")
    assert result.exit_code == 1
    assert "mindkit data import mosi" in result.stderr


def test_an_unknown_metric_is_told_the_nearest_and_where_it_was_written(check):
    result = check("mind", *FAST, "--set", "training.selection.metric=acc2_nonzero")
    assert result.exit_code == 1
    assert (
        "--set training.selection.metric=acc2_nonzero: training.selection.metric" in result.stderr
    )
    assert "no metric named 'acc2_nonzero'; did you mean 'acc2_non0'?" in result.stderr


def test_a_metric_of_the_other_task_is_refused(check):
    result = check("mind", *FAST, "--set", "training.selection.metric=accuracy")
    assert result.exit_code == 1
    assert "'accuracy' is for classification, but 'mosi' is a regression task" in result.stderr


def test_a_treatment_that_the_data_cannot_have_is_a_problem(check, tiny_mosi):
    setting = "data.noise.deviations={text: 0.1}"
    result = check("mind", *FAST, "--data", str(tiny_mosi), "--set", setting)
    assert result.exit_code == 1
    assert "noise.deviations.text: text is a text column, which has no features" in result.stderr

"""`mindkit score` prints every metric with its convention, and fails where files disagree."""

import json
import shutil
import subprocess
import sys

import pytest

import mindkit as package
from mindkit.train.metrics import METRICS


@pytest.fixture(scope="module")
def finished(tiny_mosi, small_mind, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    results = package.run(
        "mind", "mosi", data=str(tiny_mosi), settings=small_mind, out=out, device="cpu"
    )
    return results.runs[0].folder


def test_each_metric_has_a_line_with_its_scores_and_what_it_computes(mindkit, finished):
    result = mindkit("score", finished)
    assert result.exit_code == 0, result.output
    (scores,) = package.score(finished)
    lines = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines()]
    rows = {line[1].split()[0]: line[2:5] for line in lines if len(line) == 6}
    assert rows == {
        name: [
            f"{scores.values['valid'][name]:.4f}",
            f"{scores.values['test'][name]:.4f}",
            METRICS[name].description,
        ]
        for name in scores.values["test"]
    }
    assert "valid, N = 8" in result.stdout


def test_json_is_what_the_function_returns(mindkit, finished):
    result = mindkit("score", finished, "--split", "test", "--metric", "acc2_pos", "--json")
    (record,) = json.loads(result.stdout)
    (scores,) = package.score(finished, split="test", metrics=["acc2_pos"])
    assert record["values"] == scores.values
    assert record["folder"] == str(finished)
    assert record["disagreements"] == record["stamps"] == []


def test_a_disagreement_is_shown_with_a_remedy_and_ends_with_status_1(mindkit, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "edited")
    path = folder / "metrics.json"
    record = json.loads(path.read_text())
    record["test"]["mae"] -= 0.1
    record["stamps"] = ["LEAKY FEATURES: vision"]
    path.write_text(json.dumps(record))
    result = mindkit("score", folder)
    assert result.exit_code == 1
    assert f"DISAGREES: test mae is {record['test']['mae']:.6g} in metrics.json" in result.stdout
    assert "`mindkit reproduce` runs it again" in result.stdout
    assert "LEAKY FEATURES: vision" in result.stdout.splitlines()
    assert mindkit("score", folder, "--json").exit_code == 1


def test_an_error_is_one_message(mindkit):
    result = mindkit("score", "runs/absent")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: no folder runs/absent")
    assert "Traceback" not in result.output


def test_nothing_of_torch_is_imported(finished):
    code = (
        "import sys; from mindkit.cli import cli\n"
        f"cli(['score', {str(finished)!r}], standalone_mode=False, prog_name='mindkit')\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

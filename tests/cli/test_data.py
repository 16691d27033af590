import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from mindkit.cli import cli


@pytest.fixture
def file(tmp_path):
    rows = 6
    np.savez(
        tmp_path / "mosi.npz",
        label=np.linspace(-3, 3, rows),
        fold=np.array(["train", "train", "dev", "dev", "test", "test"]),
        voice=np.ones((rows, 4)),
        text=np.array(["so good"] * rows),
    )
    return tmp_path / "mosi.npz"


@pytest.fixture
def mindkit(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments):
        return CliRunner().invoke(cli, [str(a) for a in ("data", *arguments)])

    return call


def test_import_then_list_shows_the_data_set_and_its_source(mindkit, file):
    result = mindkit("import", "mosi", "--from", file, "--column", "audio=voice")
    assert result.exit_code == 0, result.output
    assert "2 / 2 / 2 samples" in result.output
    assert "array 'voice' of mosi.npz" in result.output
    assert "2/2/2 samples, where 1284/229/686 are usual" in result.output
    listing = mindkit("list").output
    (line,) = [line for line in listing.splitlines() if " mosi " in line]
    assert "mosi.npz" in line and "2 / 2 / 2" in line
    (other,) = [line for line in listing.splitlines() if " mosei " in line]
    assert " no " in other and "no: simulated when run" in listing


def test_the_path_stands_behind_the_name_or_behind_from_but_not_both(mindkit, file):
    arguments = ("import", "mosi", file, "--column", "audio=voice")
    assert "2 / 2 / 2 samples" in mindkit(*arguments).output
    both = mindkit(*arguments, "--from", file)
    assert both.exit_code == 2 and "two, '" in both.output
    neither = mindkit("import", "mosi")
    assert neither.exit_code == 2 and "mindkit data import mosi PATH" in neither.output


def test_import_says_what_to_do_next_with_what_the_data_lack(mindkit, file):
    said = ("--column", "audio=voice", "--leaky", "audio=bad")
    output = mindkit("import", "mosi", file, *said).output
    assert "mosi: NumPy archive (.npz), imported into" in output
    assert "next: mindkit data check mosi" in output
    assert output.endswith("next: mindkit run mind --dataset mosi --drop audio --drop vision\n")
    output = mindkit("import", "mosi", file, "--column", "audio=voice", "--replace").output
    assert "--dataset mosi --set encoders.audio.type=vector --drop vision" in output


def test_cells_of_a_split_are_separated_by_commas(mindkit, file):
    with np.load(file) as archive:
        arrays = dict(archive)
    np.savez(file, **{**arrays, "fold": np.array(["2", "3", "1", "1", "0", "0"])})
    said = ("--split", "train=2,3", "--split", "valid=1", "--split", "test=0")
    result = mindkit("import", "mosi", file, *said)
    assert result.exit_code == 0 and "2 / 2 / 2 samples" in result.output


def test_folds_by_video_take_the_place_of_a_split_column(mindkit, file):
    with np.load(file) as archive:
        arrays = dict(archive)
    del arrays["fold"]
    np.savez(file, **arrays, video_id=np.array(["a", "a", "b", "b", "c", "c"]))
    folds = file.with_name("folds.csv")
    folds.write_text("video_id,split\na,train\nb,valid\nc,test\n")
    result = mindkit("import", "mosi", file, "--folds", folds)
    assert result.exit_code == 0 and "2 / 2 / 2 samples" in result.output


def test_leaky_declarations_are_shown(mindkit, file):
    said = ("--column", "audio=voice", "--leaky", "audio=trained on labels = bad")
    result = mindkit("import", "mosi", "--from", file, *said)
    assert "leaky under 'fold': audio: trained on labels = bad" in result.output
    assert "audio is declared leaky" in mindkit("list").output


def test_importing_twice_asks_for_replace(mindkit, file):
    arguments = ("import", "mosi", "--from", file)
    assert mindkit(*arguments).exit_code == 0
    again = mindkit(*arguments)
    assert again.exit_code == 1 and "replace it with --replace" in again.output
    assert mindkit(*arguments, "--replace").exit_code == 0


def test_a_missing_file_is_one_message_without_a_traceback(mindkit, file):
    result = mindkit("import", "mosi", "--from", file.with_name("mossi.npz"))
    assert result.exit_code == 1
    assert "did you mean 'mosi.npz'" in result.output and "Traceback" not in result.output


def test_a_pair_without_an_equals_sign_is_explained(mindkit, file):
    result = mindkit("import", "mosi", "--from", file, "--column", "audio")
    assert result.exit_code == 2 and "'audio' is not of the form ROLE=NAME" in result.output


def test_nan_is_refused_and_can_be_set_to_zero(mindkit, file):
    with np.load(file) as archive:
        arrays = dict(archive)
    arrays["voice"][1, 2] = np.nan
    np.savez(file, **arrays)
    arguments = ("import", "mosi", "--from", file, "--column", "audio=voice")
    assert "set them to 0 with --nan zero" in mindkit(*arguments).output
    result = mindkit(*arguments, "--nan", "zero")
    assert result.exit_code == 0 and "are set to 0, first at row 1" in result.output


def test_check_prints_splits_columns_and_findings(mindkit, file):
    result = mindkit("check", file, "--as", "mosi", "--column", "audio=voice")
    assert result.exit_code == 0, result.output
    assert "examined as mosi" in result.output and "NumPy archive" in result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("train ")]
    assert line.split()[1:3] == ["2", "0"] and "-3:1" in line
    (line,) = [line for line in result.output.splitlines() if line.startswith("audio ")]
    assert "N × 4 float64" in line and "array 'voice'" in line
    assert "2/2/2 samples, where 1284/229/686 are usual" in result.output
    assert "4 of 4 features never change" in result.output
    assert "usable: 0 faults, 3 warnings, " in result.output


def test_check_fails_for_faults_and_when_strict_for_warnings(mindkit, file):
    arguments = ("check", file, "--as", "mosi", "--column", "audio=voice")
    assert mindkit(*arguments).exit_code == 0
    assert mindkit(*arguments, "--strict").exit_code == 1
    with np.load(file) as archive:
        arrays = dict(archive)
    arrays["label"][4] = 30
    np.savez(file, **arrays)
    result = mindkit(*arguments)
    assert result.exit_code == 1
    assert "1 label outside [-3, 3]; first 30.0 at row 4 (id row4)" in result.output


def test_check_prints_json_and_nothing_else(mindkit, file):
    result = mindkit("check", file, "--json", "--as", "mosi")
    told = json.loads(result.stdout)
    assert told["usable"] is True and told["facts"]["dataset"] == "mosi"
    assert told["facts"]["splits"]["test"]["samples"] == 2
    assert {finding["level"] for finding in told["findings"]} <= {"fault", "warning", "note"}


def test_check_tells_damage_in_the_same_form(mindkit, tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"PK but no more")
    result = mindkit("check", tmp_path / "bad.npz")
    assert result.exit_code == 1 and "not usable as it is: 1 fault" in result.output
    result = mindkit("check", tmp_path / "bad.npz", "--json")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["level"] == "fault" and "no .npz archive" in finding["what"]


def test_check_knows_an_import_by_its_name(mindkit, file):
    assert mindkit("import", "mosi", file, "--column", "audio=voice").exit_code == 0
    result = mindkit("check", "mosi")
    assert result.exit_code == 0, result.output
    assert "told by its manifest" in result.output and "files are as they were" in result.output


def test_nothing_in_a_file_steers_the_terminal(mindkit, file):
    with np.load(file) as archive:
        arrays = dict(archive)
    arrays["text"] = np.array(["\x1b[2Jgone"] * 6)
    arrays["label"] = np.zeros(6)
    np.savez(file, **arrays)
    output = mindkit("check", file).output
    assert "\\x1b[2Jgone" in output and "\x1b" not in output


def test_simulate_writes_data_with_factors_and_says_they_are_simulated(mindkit, tmp_path):
    result = mindkit("simulate", "mosi", "--out", tmp_path / "out", "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "SIMULATED" in result.output and "1284 / 229 / 686" in result.output
    assert (tmp_path / "out" / "factors.npz").is_file()


def test_the_commands_module_imports_nothing_heavy():
    heavy = "('torch', 'numpy', 'pydantic', 'rich', 'transformers')"
    code = f"import sys, mindkit.cli.data; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

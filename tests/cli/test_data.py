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
    assert "not imported: simulated when run" in other


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

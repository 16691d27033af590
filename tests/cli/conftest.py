import shlex

import pytest
from click.testing import CliRunner

from mindkit.cli import cli


@pytest.fixture
def mindkit(own_home, tmp_path, monkeypatch):
    """Call the command line in an empty folder: mindkit("run", "mind") or mindkit("run mind")."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        words = shlex.split(arguments[0]) if len(arguments) == 1 else [str(a) for a in arguments]
        return CliRunner().invoke(cli, words)

    return call


@pytest.fixture(scope="session")
def small_options(small_mind):
    """The options that make `mindkit run mind` small and keep it on the CPU."""
    return ["--device", "cpu", *(word for one in small_mind for word in ("--set", one))]

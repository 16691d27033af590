"""The page on writing plugins is true: its files pass the contracts, its commands are sound."""

import ast
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from mindkit.cli import cli
from mindkit.hooks import load_plugins
from mindkit.kinds import (
    Component,
    Criterion,
    Encoder,
    FusionHead,
    MIEstimator,
    Reconstruction,
    Stage,
)
from mindkit.testing.contracts import contract_cases

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^mindkit run .*$", PAGE.replace("\\\n", ""), re.MULTILINE)
PLUGINS = [name for name in FILES if not name.startswith("test_")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_shows_four_plugins_and_a_command_for_each():
    assert len(PLUGINS) == 4
    assert [shlex.split(command)[4] for command in COMMANDS] == PLUGINS


@pytest.mark.parametrize("name", PLUGINS)
def test_each_plugin_passes_its_contracts(folder, name):
    cases = contract_cases(load_plugins([name]).registries, plugin=name)
    assert len(cases) > 10
    for _, case in cases:
        if case.check != "agrees_across_devices":
            case()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_sound(folder, command):
    _, _, *arguments = shlex.split(command)
    result = CliRunner().invoke(cli, ["check", *arguments, "--dataset", "mosi"])
    assert result.exit_code == 0, result.output
    assert "no mistakes" in result.output


def test_the_page_explains_each_attribute_that_a_component_declares_with_its_default():
    rows = [row.split(" | ") for row in PAGE.splitlines() if row.startswith("| `")]
    explained = {row[0].strip("| `"): row[2].strip("`") for row in rows}
    kinds = (Component, Encoder, Stage, Criterion, MIEstimator, Reconstruction, FusionHead)
    declared = {name: getattr(kind, name) for kind in kinds for name in kind.__annotations__}
    assert explained.keys() == declared.keys()
    for name in explained.keys() - {"tasks"}:
        assert ast.literal_eval(explained[name]) == declared[name]

"""What others bring: a file of ten lines, and an installed package, on tiny data."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from mindkit.cli import cli
from mindkit.hooks import load_plugins
from mindkit.testing.contracts import run_checks

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples"
LOSS, ESTIMATOR, HEAD = (
    str(EXAMPLES / name) for name in ("my_losses.py", "my_estimator.py", "my_head.py")
)
RAISING = "raise RuntimeError('no luck today')\n"
COMMANDS = """\
import click

from mindkit.api import hookimpl


@hookimpl
def mindkit_commands(cli):
    {}
    {}
"""
RAISING_COMMANDS = COMMANDS.format(
    "cli.add_command(click.Command('half'))", "raise RuntimeError('no luck')"
)
TAKING_RUN = COMMANDS.format("cli.add_command(click.Command('run', help='another run'))", "")


def without(settings, *blocks):
    """The settings but those of blocks that get another type, which has no such options."""
    return [one for one in settings if not one.startswith(blocks)]


def as_options(settings):
    return [word for setting in settings for word in ("--set", setting)]


@pytest.fixture
def run(tiny_mosi, tmp_path, own_home):
    """Run the command line in this process; return what it printed and the run's config."""

    def call(settings, *arguments):
        options = ["--dataset", "mosi", "--data", str(tiny_mosi), "--out", str(tmp_path / "runs")]
        options += ["--device", "cpu", *as_options(settings), *arguments]
        result = CliRunner().invoke(cli, ["run", "mind", *options])
        assert result.exit_code == 0, result.output
        (folder,) = (tmp_path / "runs").glob("[!.]*")
        return result.stdout, yaml.safe_load((folder / "config.yaml").read_text())

    return call


def test_the_example_loss_has_ten_lines_imports_and_registration_included():
    lines = Path(LOSS).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) == 10


def test_the_readme_shows_the_example_loss_as_it_is():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n# my_losses.py\n(.*?)```", readme, re.DOTALL)
    assert shown == Path(LOSS).read_text(encoding="utf-8")
    assert "--plugin my_losses.py --set terms.cons.type=cosine" in readme


def test_a_loss_from_a_file_trains_and_is_in_the_config(run, small_mind):
    output, config = run(small_mind, "--plugin", LOSS, "--set", "terms.cons.type=cosine")
    assert config["terms"]["cons"]["type"] == "cosine"
    assert config["terms"]["cons"]["weight"] == 1e-4  # a new type keeps the weight
    assert "off_diagonal" not in config["terms"]["cons"]
    assert "mae" in output


def test_a_loss_from_a_file_is_listed_with_it():
    result = CliRunner().invoke(cli, ["components", "criteria", "--plugin", LOSS])
    assert f"criteria\tcosine\t{LOSS}\tMean cosine distance." in result.stdout


def test_a_loss_from_a_file_is_computed_for_its_three_pairs(one_backward):
    registries = load_plugins([LOSS]).registries
    _, model, values = one_backward(registries, ["terms.cons.type=cosine"])
    assert len(model.objective.terms["cons"].rows) == 3
    assert 0 < values["cons"] < 2


def test_an_estimator_from_a_file_trains_with_its_option(run, small_mind):
    settings = ["terms.info.type=bilinear_infonce", "terms.info.temperature=0.5"]
    settings += without(small_mind, "terms.info")
    _, config = run(settings, "--plugin", ESTIMATOR)
    assert config["terms"]["info"]["temperature"] == 0.5
    assert config["terms"]["info"]["goal"] == "maximize"


def test_a_plain_estimator_has_a_module_for_each_of_nine_rows_and_all_learn(
    small_mind, one_backward, untrained
):
    registries = load_plugins([ESTIMATOR]).registries
    small = without(small_mind, "terms.info")
    _, model, _ = one_backward(registries, ["terms.info.type=bilinear_infonce"], small=small)
    term = model.objective.terms["info"]
    modules = [one for group in term.groups for one in group.components]
    assert len({one.project.weight.data_ptr() for one in modules}) == len(modules) == 9
    assert sorted(one.project.in_features for one in modules) == [16] * 6 + [48] * 3
    assert untrained(model) == []


def test_a_head_from_a_file_trains_and_its_gate_learns(run, small_mind, one_backward, untrained):
    small = without(small_mind, "fusion")
    _, config = run([*small, "fusion.type=gated_sum"], "--plugin", HEAD)
    assert config["fusion"]["type"] == "gated_sum"
    assert len(config["fusion"]["inputs"]) == 2  # a new head keeps what is fused
    registries = load_plugins([HEAD]).registries
    _, model, _ = one_backward(registries, ["fusion.type=gated_sum"], small=small)
    assert {name for name, _ in model.graph.head.named_parameters()} == {
        "gate.weight",
        "gate.bias",
        "output.weight",
        "output.bias",
    }
    assert untrained(model) == []


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        (LOSS, "criteria", "cosine"),
        (ESTIMATOR, "mi_estimators", "bilinear_infonce"),
        (HEAD, "fusion_heads", "gated_sum"),
    ],
)
def test_an_example_keeps_the_contract_of_its_kind(path, kind, name):
    registries = load_plugins([path]).registries
    run_checks(kind, name, registries.kind(kind).get(name))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which the example package was installed, as from an index."""
    folder = tmp_path_factory.mktemp("installed")
    command = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    command += ["--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([sys.executable, *command, str(EXAMPLES / "package")], check=True)
    return folder


@pytest.fixture
def mindkit(tmp_path):
    """Run the command line in a process of its own that also sees the packages in `folder`."""

    def call(folder, *arguments):
        code = "from mindkit.cli import main; main()"
        environment = os.environ | {
            "PYTHONPATH": str(folder),
            "MINDKIT_HOME": str(tmp_path / "home"),
        }
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            timeout=120,
        )

    return call


def test_an_installed_package_is_found_by_its_entry_point(mindkit, installed):
    lines = mindkit(installed, "components", "criteria").stdout.splitlines()
    (angle,) = [line for line in lines if line.startswith("criteria\tangle\t")]
    assert angle.split("\t")[2] == "example"


def test_a_command_of_an_installed_package_works_and_is_in_the_help(mindkit, installed):
    assert mindkit(installed, "hello").stdout == "hello from a plugin\n"
    assert re.search(r"^  hello +Say hello\.$", mindkit(installed, "--help").stdout, re.MULTILINE)


def test_an_installed_loss_estimator_and_head_train_together(
    mindkit, installed, tiny_mosi, small_mind, tmp_path
):
    settings = ["terms.cons.type=angle", "terms.info.type=agreement", "fusion.type=mean_linear"]
    settings += without(small_mind, "terms.info", "fusion")
    options = ["--dataset", "mosi", "--data", str(tiny_mosi), "--device", "cpu"]
    done = mindkit(installed, "run", "mind", *options, *as_options(settings))
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").glob("[!.]*")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    types = [config["terms"][term]["type"] for term in ("cons", "info")]
    assert [*types, config["fusion"]["type"]] == ["angle", "agreement", "mean_linear"]
    assert '"example"' in (folder / "environment.json").read_text()


@pytest.mark.parametrize(
    ("kind", "name"),
    [("criteria", "angle"), ("mi_estimators", "agreement"), ("fusion_heads", "mean_linear")],
)
def test_an_installed_component_keeps_the_contract_of_its_kind(installed, kind, name, monkeypatch):
    monkeypatch.syspath_prepend(str(installed))
    registries = load_plugins(["mindkit_example"]).registries
    run_checks(kind, name, registries.kind(kind).get(name))


@pytest.fixture
def pretend(tmp_path):
    """Write a module and the metadata of a package that offers it; return their folder."""

    def call(text):
        folder = tmp_path / "site"
        facts = folder / "mindkit_odd-0.1.0.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: mindkit-odd\nVersion: 0.1.0\n"
        )
        (facts / "entry_points.txt").write_text("[mindkit.plugins]\nodd = mindkit_odd\n")
        (folder / "mindkit_odd.py").write_text(text)
        return folder

    return call


def test_an_installed_plugin_that_raises_is_reported_and_the_rest_works(mindkit, pretend):
    done = mindkit(pretend(RAISING), "components", "criteria")
    assert done.returncode == 0
    assert done.stderr == (
        "warning: plugin 'odd' (mindkit_odd) is left out: RuntimeError: no luck today\n"
    )
    assert "criteria\thsic\tbasics" in done.stdout


def test_the_help_still_works_beside_a_broken_plugin(mindkit, pretend):
    done = mindkit(pretend(RAISING), "--help")
    assert done.returncode == 0
    assert "ablate" in done.stdout
    assert "plugin 'odd' (mindkit_odd) is left out" in done.stderr


def test_commands_that_fail_half_way_are_left_out_whole_and_reported(mindkit, pretend):
    done = mindkit(pretend(RAISING_COMMANDS), "--help")
    assert done.returncode == 0
    assert "ablate" in done.stdout
    assert "half" not in done.stdout
    assert "the commands of plugin 'odd' are left out: RuntimeError: no luck" in done.stderr


def test_a_plugin_cannot_take_the_name_of_a_built_in_command(mindkit, pretend):
    done = mindkit(pretend(TAKING_RUN), "--help")
    assert "Train METHOD, select on validation" in done.stdout
    assert "another run" not in done.stdout
    assert "command 'run' of plugin 'odd' is left out: the name is taken" in done.stderr

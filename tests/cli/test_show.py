import pytest
import yaml
from click.testing import CliRunner

from mindkit.cli import cli


@pytest.fixture
def show():
    return lambda *arguments: CliRunner().invoke(cli, ["show", *arguments])


def test_show_prints_the_whole_config_with_origins(show):
    result = show("mind", "--set", "terms.diff.weight=0.5")
    assert result.exit_code == 0
    assert "# configs/methods/mind/default.yaml:" in result.stdout
    assert "# --set terms.diff.weight=0.5" in result.stdout
    assert "# default" in result.stdout
    config = yaml.safe_load(result.stdout)
    assert config["terms"]["diff"]["weight"] == 0.5
    assert config["data"]["name"] == "mosi"


def test_show_takes_the_options_of_run(show, tmp_path):
    plugin = tmp_path / "my.py"
    plugin.write_text(
        "from mindkit.api import Criterion, hookimpl\n"
        "class Cosine(Criterion):\n"
        "    def forward(self, a, b): return 0 * a.sum()\n"
        "@hookimpl\n"
        "def mindkit_register(registries): registries.criteria.add('cosine', Cosine)\n"
    )
    options = ["--dataset", "mosei", "--data", "x.npz", "--training", "quick", "--no-simulate"]
    options += ["--drop", "audio", "--drop", "np", "--set", "terms.cons.type=cosine"]
    result = show("mind", *options, "--set", "width=8", "--plugin", str(plugin))
    config = yaml.safe_load(result.stdout)
    assert config["data"] | {"name": "mosei", "path": "x.npz", "simulate": False} == config["data"]
    assert config["terms"]["cons"]["type"] == "cosine"
    assert (config["width"], "audio" in config["encoders"]) == (8, False)
    assert "np: dropped (--drop np)" in config["dropped"]


def test_show_can_leave_the_origins_out(show):
    assert "#" not in show("mind", "--plain").stdout


def test_a_mistake_ends_in_its_message_and_status_1(show):
    result = show("mind", "--set", "terms.diff.type=hscic")
    assert result.exit_code == 1
    assert "no criterion, MI estimator or reconstruction named 'hscic'" in result.stderr
    assert "did you mean 'hsic'?" in result.stderr
    assert "Traceback" not in result.output


def test_an_unknown_method_ends_in_its_message(show):
    result = show("mindd")
    assert result.exit_code == 1
    assert "no method named 'mindd'; did you mean 'mind'?" in result.stderr


def test_a_method_may_be_a_file(show, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("base: mind\nname: mine\nwidth: 24\n")
    config = yaml.safe_load(show(str(path)).stdout)
    assert (config["name"], config["width"]) == ("mine", 24)

import pytest
from click.testing import CliRunner

from mindkit.cli import cli


@pytest.fixture
def components():
    return lambda *arguments: CliRunner().invoke(cli, ["components", *arguments])


def test_one_kind_is_listed_a_line_each_when_piped(components):
    lines = components("criteria").stdout.splitlines()
    fields = {line.split("\t")[1]: line.split("\t") for line in lines}
    kind, _, plugin, description, options = fields["hsic"]
    assert (kind, plugin) == ("criteria", "basics")
    assert description
    assert "estimator=biased ('biased' or 'unbiased')" in options


def test_every_kind_is_listed_by_default(components):
    kinds = {line.split("\t")[0] for line in components().stdout.splitlines()}
    assert {"encoders", "stages", "mi_estimators", "criteria", "datasets", "trackers"} <= kinds


def test_the_components_of_a_plugin_file_are_listed_with_it(components, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from mindkit.api import Criterion, hookimpl\n"
        "class Mine(Criterion):\n"
        "    '''My own criterion.'''\n"
        "    def __init__(self, *, margin: float) -> None: super().__init__()\n"
        "@hookimpl\n"
        "def mindkit_register(registries): registries.criteria.add('my_own', Mine)\n"
    )
    result = components("criteria", "--plugin", str(path))
    assert (
        f"criteria\tmy_own\t{path}\tMy own criterion.\tmargin (required; a number)" in result.stdout
    )


def test_an_unknown_kind_ends_in_its_message(components):
    result = components("criterions")
    assert result.exit_code == 1
    assert "no kind named 'criterions'; did you mean 'criteria'?" in result.stderr


def test_a_terminal_shows_how_many_there_are_of_each_kind(monkeypatch, capsys):
    from mindkit.cli.components import _print_tables

    monkeypatch.setenv("COLUMNS", "120")
    one = {"kind": "criteria", "description": "A loss.", "options": [], "plugin": "basics"}
    _print_tables([{**one, "name": "hsic"}, {**one, "name": "cka"}])
    assert "criteria: 2" in capsys.readouterr().out

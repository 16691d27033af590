import importlib.util

import pytest

from mindkit.errors import PluginError
from mindkit.testing import contract_tests

PLUGIN = '''\
from mindkit.api import Criterion, hookimpl


class Good(Criterion):
    """Mean square. Shapes: a (B, D), b (B, D) -> ()."""

    def forward(self, a, b):
        return (a - b).square().mean()


class Bad(Criterion):
    """Says what is not so. Shapes: a (B, D), b (B, D) -> (B)."""

    def forward(self, a, b):
        return (a - b).square().mean()


@hookimpl
def mindkit_register(registries):
    registries.criteria.add("good", Good)
    registries.criteria.add("bad", Bad)
'''


@pytest.fixture
def plugin(tmp_path):
    (tmp_path / "own.py").write_text(PLUGIN)
    return str(tmp_path / "own.py")


def cases_of(test):
    (mark,) = test.pytestmark
    return {parameter.id: parameter for parameter in mark.args[1]}


def test_each_check_of_each_component_of_the_plugin_is_a_case(plugin):
    test = contract_tests(plugin)
    cases = cases_of(test)
    assert {name.split("-")[1] for name in cases} == {"good", "bad"}
    test(cases["criteria-good-keeps_its_shapes_line"].values[0])
    with pytest.raises(AssertionError, match="promises"):
        test(cases["criteria-bad-keeps_its_shapes_line"].values[0])


def collected(path):
    """The module of a test file, as pytest makes it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TEST = """\
from mindkit.testing import contract_tests

test_contracts = contract_tests("own.py")
"""


def test_a_file_is_found_beside_the_test_wherever_pytest_is_called(plugin, tmp_path, monkeypatch):
    (tmp_path / "test_own.py").write_text(TEST)
    monkeypatch.chdir(tmp_path.parent)
    module = collected(tmp_path / "test_own.py")
    assert "criteria-good-stays_finite" in cases_of(module.test_contracts)


def test_a_file_that_is_not_beside_the_test_is_missed_where_it_was_looked_for(
    plugin, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # where it is, and is not looked for
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text(TEST)
    with pytest.raises(
        PluginError, match=r"no plugin file own\.py in .*tests; give contract_tests"
    ):
        collected(tmp_path / "tests" / "test_own.py")


def test_an_installed_package_is_found_by_its_module():
    names = {name.split("-")[1] for name in cases_of(contract_tests("mindkit_mind"))}
    assert names == {"cyclic", "adversarial_prediction"}


def test_a_check_that_is_left_out_says_why(plugin):
    test = contract_tests(plugin, skip={("bad", "keeps_its_shapes_line"): "known"})
    (mark,) = cases_of(test)["criteria-bad-keeps_its_shapes_line"].marks
    assert mark.name == "skip" and mark.args == ("known",)


def test_names_that_the_plugin_does_not_have_are_refused(plugin):
    with pytest.raises(PluginError, match="has nothing called 'goot' to test"):
        contract_tests(plugin, options={"goot": {}})


def test_a_plugin_without_components_is_refused(tmp_path):
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(PluginError, match="registers no component"):
        contract_tests(str(tmp_path / "empty.py"))

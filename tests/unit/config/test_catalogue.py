import pytest

from mindkit.config.catalogue import describe_components
from mindkit.errors import MindkitError


def test_a_component_is_described_with_its_options_and_its_plugin(registries):
    (found,) = [one for one in describe_components(registries, "criteria") if one["name"] == "hsic"]
    assert found == {
        "kind": "criteria",
        "name": "hsic",
        "plugin": "mindkit",
        "description": "",
        "options": [{"name": "kernel", "type": "'linear' or 'rbf'", "default": "linear"}],
    }


def test_all_kinds_are_described_when_none_is_named(registries):
    kinds = {one["kind"] for one in describe_components(registries)}
    assert kinds == {registry.kind for registry in registries}


def test_the_description_is_the_first_line_of_the_docstring(registries):
    class Told(registries.criteria.get("hsic")):
        """First line.

        More.
        """

    registries.criteria.add("told", Told)
    (found,) = [
        one for one in describe_components(registries, "criterion") if one["name"] == "told"
    ]
    assert found["description"] == "First line."


def test_a_component_that_cannot_be_imported_says_why(registries):
    registries.stages.add("gone", "no_such_module:Gone")
    (found, _) = describe_components(registries, "stages")
    assert (
        found["error"]
        == "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"
    )


def test_an_unknown_kind_is_told_the_nearest(registries):
    with pytest.raises(MindkitError, match="no kind named 'criterions'; did you mean 'criteria'"):
        describe_components(registries, "criterions")

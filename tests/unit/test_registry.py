import inspect

import pytest

from mindkit.errors import MindkitError, PluginError
from mindkit.registry import Registries, read_signature


class One:
    pass


class Two:
    pass


@pytest.fixture
def registries():
    return Registries()


def test_a_component_is_found_under_its_name(registries):
    registries.criteria.add("one", One)
    assert registries.criteria.get("one") is One
    assert "one" in registries.criteria
    assert registries.criteria.names() == ["one"]


def test_a_component_given_as_a_string_is_imported_when_it_is_asked_for(registries):
    registries.criteria.add("fraction", "fractions:Fraction")
    assert registries.criteria.entry("fraction").target == "fractions:Fraction"
    assert registries.criteria.get("fraction").__name__ == "Fraction"


def test_an_unknown_name_is_told_the_nearest(registries):
    registries.criteria.add("barlow_twins", One)
    with pytest.raises(MindkitError) as raised:
        registries.criteria.get("barlow_twin")
    assert str(raised.value) == "no criterion named 'barlow_twin'; did you mean 'barlow_twins'?"


def test_a_name_unlike_any_is_told_all(registries):
    registries.stages.add("mlp", One)
    registries.stages.add("linear", Two)
    with pytest.raises(MindkitError, match="no stage named 'xyz'; known: linear, mlp"):
        registries.stages.get("xyz")


def test_an_empty_registry_says_so(registries):
    with pytest.raises(MindkitError, match="no tracker named 'jsonl'; none is known"):
        registries.trackers.get("jsonl")


def test_a_taken_name_names_both_plugins(registries):
    with registries.registering("first"):
        registries.criteria.add("cosine", One)
    with pytest.raises(PluginError) as raised, registries.registering("second"):
        registries.criteria.add("cosine", Two)
    assert str(raised.value) == (
        "plugin 'second' registers the criterion 'cosine', but plugin 'first' already has a "
        "criterion of that name; rename the one in 'second'"
    )
    assert registries.criteria.get("cosine") is One


def test_the_kinds_that_a_term_may_name_share_their_names(registries):
    registries.mi_estimators.add("jsd", One)
    with pytest.raises(PluginError, match="already has a MI estimator of that name"):
        registries.criteria.add("jsd", Two)


def test_other_kinds_do_not_share_names(registries):
    registries.encoders.add("mlp", One)
    registries.stages.add("mlp", Two)
    assert registries.encoders.get("mlp") is not registries.stages.get("mlp")


def test_what_a_plugin_registered_before_it_failed_is_undone(registries):
    with pytest.raises(ZeroDivisionError), registries.registering("broken"):
        registries.criteria.add("half", One)
        raise ZeroDivisionError
    assert "half" not in registries.criteria
    registries.criteria.add("half", Two)
    assert registries.criteria.entry("half").plugin == "mindkit"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("criteria", "criteria"),
        ("criterion", "criteria"),
        ("mi_estimator", "mi_estimators"),
        ("fusion_head", "fusion_heads"),
    ],
)
def test_a_kind_is_found_by_its_plural_and_singular(registries, name, kind):
    assert registries.kind(name).kind == kind


def test_there_are_eight_registries(registries):
    assert [registry.kind for registry in registries] == [
        "encoders",
        "stages",
        "mi_estimators",
        "criteria",
        "reconstructions",
        "fusion_heads",
        "datasets",
        "trackers",
    ]


def test_a_signature_is_split_at_the_star():
    class Component:
        def __init__(self, x_dim: int, copies: int, *, hidden: int = 3) -> None: ...

    signature = read_signature(Component)
    assert list(signature.wired) == ["x_dim", "copies"]
    assert signature.options["hidden"].default == 3
    assert signature.hints["hidden"] is int


def test_a_class_without_a_constructor_asks_for_nothing():
    signature = read_signature(One)
    assert (signature.wired, signature.options) == ({}, {})


def test_the_constructor_of_a_module_asks_for_nothing():
    from mindkit.kinds import Criterion

    class Plain(Criterion):
        def forward(self, a, b):
            raise NotImplementedError

    signature = read_signature(Plain)
    assert (signature.wired, signature.options) == ({}, {})


def test_an_option_without_a_default_is_kept_as_required():
    class Component:
        def __init__(self, *, margin: float) -> None: ...

    assert read_signature(Component).options["margin"].default is inspect.Parameter.empty

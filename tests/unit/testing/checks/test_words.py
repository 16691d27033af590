"""Names and docstrings that break the contract are found."""

import sys
import types

import pytest

from mindkit.kinds import Criterion


class Agreement(Criterion):
    """Mean squared distance. Shapes: a (B, D), b (B, D) -> ()."""


def test_a_class_by_another_name_is_found(breaks):
    breaks("bears_one_name", "criteria", "other", Agreement, "is Agreement; call it Other")


def test_a_file_by_another_name_is_found(monkeypatch, breaks):
    module = types.ModuleType("distances")
    module.__file__ = "distances.py"
    module.Agreement = type("Agreement", (Agreement,), {"__module__": "distances"})
    monkeypatch.setitem(sys.modules, "distances", module)
    message = "Agreement is in distances.py; move it to agreement.py"
    breaks("bears_one_name", "criteria", "agreement", module.Agreement, message)


@pytest.mark.parametrize("doc", ["No full stop", "Two things. In one line."])
def test_a_first_line_that_is_no_sentence_is_found(doc, breaks):
    component = type("Agreement", (Agreement,), {"__doc__": doc})
    message = "first line is not one sentence"
    breaks("begins_with_a_sentence", "criteria", "agreement", component, message)


class Undocumented(Criterion):
    """Mean. Shapes: a (B, D) -> ()."""

    def __init__(self, *, scale: float = 1.0) -> None:
        super().__init__()


class Required(Criterion):
    """Mean. Shapes: a (B, D) -> ().

    scale: factor.
    """

    def __init__(self, *, scale: float) -> None:
        super().__init__()


class Unannotated(Criterion):
    """Mean. Shapes: a (B, D) -> ().

    scale: factor.
    """

    def __init__(self, *, scale=1.0) -> None:
        super().__init__()


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (Undocumented, "option 'scale' is not in the docstring"),
        (Required, "option 'scale' has no default"),
        (Unannotated, "'scale' has no annotation"),
    ],
)
def test_an_option_that_is_not_documented_is_found(component, message, breaks):
    breaks("documents_its_options", "criteria", "x", component, message)


class Misplaced(Criterion):
    """Mean. Shapes: a (B, D) -> ()."""

    def __init__(self, a_dim: int, scale: float = 1.0) -> None:
        super().__init__()

    def forward(self, a):
        return a.mean()


def test_an_option_before_the_star_is_found(breaks):
    message = "'scale' stands before `\\*`, and the engine has nothing of that name"
    breaks("asks_for_what_is_wired", "criteria", "misplaced", Misplaced, message)

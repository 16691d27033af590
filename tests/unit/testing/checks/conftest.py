import pytest

from mindkit.kinds import Criterion
from mindkit.testing.contracts import Case


@pytest.fixture
def breaks():
    """Hold that a check of a component fails with a message."""

    def call(check, kind, name, component, message):
        with pytest.raises(AssertionError, match=message):
            Case(check, kind, name, component)()

    return call


@pytest.fixture
def criterion():
    """A criterion with that forward and docstring."""

    def make(forward, doc="Mean. Shapes: a (B, D), b (B, D) -> ().", **attributes):
        return type("Made", (Criterion,), {"__doc__": doc, "forward": forward, **attributes})

    return make

"""Correct components pass every check that applies, and all that fails is listed."""

import importlib.util
import sys
from pathlib import Path

import pytest
from torch import nn

from mindkit.kinds import Criterion, MIEstimator
from mindkit.registry import Registries
from mindkit.testing.contracts import CHECKS, checks_for, contract_cases, run_checks

EXAMPLES = Path(__file__).parents[2] / "examples"


class Agreement(Criterion):
    """Mean squared distance. Shapes: a (B, D), b (B, D) -> ()."""

    def forward(self, a, b):
        return (a - b).square().mean()


def test_the_smallest_correct_criterion_passes_every_check():
    run_checks("criteria", "agreement", Agreement)


@pytest.mark.parametrize(
    ("file", "kind", "name", "class_name"),
    [
        ("my_losses", "criteria", "cosine", "Cosine"),
        ("my_estimator", "mi_estimators", "bilinear_infonce", "BilinearInfonce"),
        ("my_head", "fusion_heads", "gated_sum", "GatedSum"),
    ],
)
def test_the_example_plugins_pass_every_check(file, kind, name, class_name, monkeypatch):
    spec = importlib.util.spec_from_file_location(file, EXAMPLES / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file, module)
    spec.loader.exec_module(module)
    run_checks(kind, name, getattr(module, class_name))


class OnClasses(MIEstimator):
    """Contrast of classifiers. Shapes: x (B, D), target (B,) -> ()."""

    tasks = ("classification",)

    def __init__(self, x_dim: int, num_outputs: int, task: str) -> None:
        super().__init__()
        if task != "classification":
            raise ValueError(f"it tells classes apart, and the task is {task}")
        self.classifier = nn.Linear(x_dim, num_outputs)

    def forward(self, x, target):
        log_q = self.classifier(x).log_softmax(1)[:, target]  # (B, B)
        return log_q.diagonal().mean() - log_q.mean()


def test_a_component_of_classification_alone_is_given_classes():
    run_checks("mi_estimators", "on_classes", OnClasses)


def test_everything_that_fails_is_listed():
    class Bad(Criterion):
        def forward(self, a):
            return a.mean()

    with pytest.raises(AssertionError) as caught:
        run_checks("criteria", "good", Bad)
    message = str(caught.value)
    assert message.startswith("criteria 'good' breaks its contract:")
    assert "bears_one_name: AssertionError: the class registered as 'good' is Bad" in message
    assert "begins_with_a_sentence: AssertionError: Bad has no docstring" in message


def test_cases_cover_every_registered_component():
    registries = Registries()
    registries.criteria.add("agreement", Agreement)
    labels = [label for label, _ in contract_cases(registries)]
    assert labels == [f"criteria-agreement-{check}" for check in checks_for("criteria", Agreement)]
    assert "criteria-agreement-gives_gradients" in labels
    assert "criteria-agreement-computes_rows_alone" not in labels  # it is plain


def test_every_check_has_a_sentence():
    for name, function in CHECKS.items():
        assert function.__doc__ and function.__doc__.strip().endswith("."), name

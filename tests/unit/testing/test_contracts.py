"""Each check finds the fault it is there for, and the smallest correct components pass."""

import importlib.util
import sys
import types
from pathlib import Path

import pytest
import torch
from torch import nn

from mindkit.data.store import Column, Split, Store
from mindkit.kinds import Criterion, Dataset, Encoder, FusionHead, MIEstimator
from mindkit.model.layers import Linear
from mindkit.registry import Registries
from mindkit.testing.contracts import CHECKS, Case, checks_for, contract_cases, run_checks

EXAMPLES = Path(__file__).parents[2] / "examples"


class Agreement(Criterion):
    """Mean squared distance. Shapes: a (B, D), b (B, D) -> ()."""

    def forward(self, a, b):
        return (a - b).square().mean()


def breaks(check, kind, name, component, message):
    with pytest.raises(AssertionError, match=message):
        Case(check, kind, name, component)()


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


def test_a_class_by_another_name_is_found():
    breaks("bears_one_name", "criteria", "other", Agreement, "is Agreement; call it Other")


def test_a_file_by_another_name_is_found(monkeypatch):
    module = types.ModuleType("distances")
    module.__file__ = "distances.py"
    module.Agreement = type("Agreement", (Agreement,), {"__module__": "distances"})
    monkeypatch.setitem(sys.modules, "distances", module)
    message = "Agreement is in distances.py; move it to agreement.py"
    breaks("bears_one_name", "criteria", "agreement", module.Agreement, message)


@pytest.mark.parametrize("doc", ["No full stop", "Two things. In one line."])
def test_a_first_line_that_is_no_sentence_is_found(doc):
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
def test_an_option_that_is_not_documented_is_found(component, message):
    breaks("documents_its_options", "criteria", "x", component, message)


class Misplaced(Criterion):
    """Mean. Shapes: a (B, D) -> ()."""

    def __init__(self, a_dim: int, scale: float = 1.0) -> None:
        super().__init__()

    def forward(self, a):
        return a.mean()


def test_an_option_before_the_star_is_found():
    message = "'scale' stands before `\\*`, and the engine has nothing of that name"
    breaks("asks_for_what_is_wired", "criteria", "misplaced", Misplaced, message)


def criterion(forward, doc="Mean. Shapes: a (B, D), b (B, D) -> ().", **attributes):
    """A criterion with that forward and docstring."""
    return type("Made", (Criterion,), {"__doc__": doc, "forward": forward, **attributes})


@pytest.mark.parametrize(
    ("check", "forward", "message"),
    [
        ("keeps_its_shapes_line", lambda self, a, b: (a - b).mean(1), r"promises \[\(\)\], got"),
        (
            "stays_finite",
            lambda self, a, b: (a - a.mean(0)).square().sum().sqrt() + b.mean(),
            "not finite",
        ),
        ("stays_finite", lambda self, a, b: (a / b.std(0)).mean(), "'constant': True"),
        ("gives_gradients", lambda self, a, b: (a - b.detach()).mean(), "input 'b' gets no grad"),
        ("gives_gradients", lambda self, a, b: a.mean() + b.sign().mean(), "input 'b' gets no g"),
        ("leaves_inputs_alone", lambda self, a, b: a.mul_(2).mean() + b.mean(), "into its input"),
        (
            "agrees_across_precisions",
            lambda self, a, b: (a + 1e4).square().mean() - (b + 1e4).square().mean(),
            "torch.float32 is off by",
        ),
        (
            "agrees_across_precisions",
            lambda self, a, b: (a - b).float().mean(),
            "torch.float64 in, torch.float32 out",
        ),
    ],
)
def test_a_faulty_computation_is_found(check, forward, message):
    breaks(check, "criteria", "made", criterion(forward), message)


def test_no_gradient_on_purpose_is_declared():
    forward = lambda self, a, b: (a - b.detach()).mean()  # noqa: E731
    declared = criterion(forward, no_gradient=("b",))
    Case("gives_gradients", "criteria", "made", declared)()


def test_a_missing_shapes_line_is_found():
    component = criterion(lambda self, a, b: a.mean(), doc="Mean.")
    breaks("keeps_its_shapes_line", "criteria", "made", component, "has no readable line like")


class Forgetful(Criterion):
    """Mean of a projection. Shapes: a (B, D) -> ()."""

    def __init__(self, a_dim: int) -> None:
        super().__init__()
        self.kept = nn.Parameter(torch.randn(a_dim))
        self.unused = nn.Parameter(torch.randn(a_dim))
        self.lost = torch.randn(a_dim)

    def forward(self, a):
        return (a @ self.kept).mean() + (a @ self.lost).mean()


def test_a_parameter_without_gradient_is_found():
    breaks("gives_gradients", "criteria", "x", Forgetful, "parameter 'unused' gets no gradient")


def test_state_outside_the_state_dict_is_found():
    breaks("restores_its_state", "criteria", "x", Forgetful, "state_dict does not restore")


def test_random_numbers_that_no_seed_rules_are_found():
    own = torch.Generator().manual_seed(0)

    def forward(self, a, b):
        return (a - b).mean() + torch.rand((), generator=own)

    breaks("repeats_with_one_seed", "criteria", "x", criterion(forward), "two runs with one seed")


def test_a_shape_that_depends_on_values_is_found():
    component = criterion(lambda self, a, b: a[a > 0].mean() + b.mean())
    with pytest.raises((AssertionError, NotImplementedError, RuntimeError)):
        Case("works_without_memory", "criteria", "x", component)()


class Mixed(Criterion):
    """Mean of a banked projection. Shapes: a (..., B, D) -> (...)."""

    batched = True

    def __init__(self, a_dim: int, copies: int) -> None:
        super().__init__()
        self.project = Linear(copies, a_dim, 1)

    def forward(self, a):
        values = self.project(a).mean((-1, -2))
        return values - values.mean()  # each row knows of the others


def test_rows_that_know_of_each_other_are_found():
    breaks("computes_rows_alone", "criteria", "mixed", Mixed, "differs alone by")


def test_a_batched_component_without_leading_axes_is_found():
    component = criterion(lambda self, a, b: (a - b).mean(), batched=True)
    breaks("keeps_its_shapes_line", "criteria", "x", component, "is batched but has no leading ax")


class Valued(Criterion):
    """Mean distance to the label. Shapes: prediction (B, C), target (B) -> ()."""

    def __init__(self, task: str) -> None:
        super().__init__()

    def forward(self, prediction, target):
        return torch.where(target == 2, torch.nan, prediction[:, 0]).mean()


def test_a_loss_that_fails_on_classes_is_found():
    breaks("fits_classes", "criteria", "valued", Valued, "not finite with integer labels")


class Careless(Encoder):
    """Plain mean over time, then over the batch. Shapes: x (B, L, F), mask (B, L) -> (B, F)."""

    def forward(self, x, mask):
        return x.mean(1) + x.mean((0, 1))


class Dividing(Encoder):
    """Mean over real steps. Shapes: x (B, L, F), mask (B, L) -> (B, F)."""

    def forward(self, x, mask):
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def test_padding_that_matters_is_found():
    breaks("ignores_padding", "encoders", "careless", Careless, "three padded steps")
    Case("ignores_padding", "encoders", "dividing", Dividing)()


def test_batch_mates_that_matter_are_found():
    breaks("ignores_batch_mates", "encoders", "careless", Careless, "sample 0 alone differs")
    Case("ignores_batch_mates", "encoders", "dividing", Dividing)()


def test_a_division_by_the_length_of_an_empty_sample_is_found():
    breaks("survives_an_empty_sample", "encoders", "dividing", Dividing, "not finite")


class Backwards(MIEstimator):
    """Mean squared distance. Shapes: x (B, D), z (B, D) -> ()."""

    bound = "upper"

    def forward(self, x, z):
        return (x - z).square().mean()


def test_an_estimate_that_falls_with_dependence_is_found():
    breaks("rises_with_dependence", "mi_estimators", "backwards", Backwards, "for dependent")


def test_a_bound_that_does_not_hold_is_found():
    breaks("keeps_its_bound", "mi_estimators", "backwards", Backwards, "claims a bound from upper")


class TwoParts(FusionHead):
    """First numbers of both parts. Shapes: parts (P, B, D) -> (B, C)."""

    def forward(self, parts):
        return parts[0, :, :1] + parts[1, :, :1]


def test_a_head_for_two_parts_only_is_found():
    with pytest.raises(IndexError):
        Case("takes_any_number_of_parts", "fusion_heads", "two_parts", TwoParts)()


def store(ids, simulated=True, label=0.0, task="regression"):
    def split(names):
        values = torch.zeros(len(names), 2)
        return Split(names, {"text": Column("vector", values)}, torch.full((len(names),), label))

    splits = {"train": split(ids[:2]), "valid": split(ids[2:3]), "test": split(ids[3:])}
    return Store("tiny", splits, task, simulated=simulated)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: store(["a", "b", "a", "d"]), "stands in two places"),
        (lambda: store(["a", "b", "c", "d"], simulated=False), "not marked as simulated"),
        (lambda: store(["a", "b", "c", "d"], label=4.0), r"labels of train are in \(4.0, 4.0\)"),
        (lambda: store(["a", "b", "c", "d"], task="classification"), "declared are task and"),
    ],
)
def test_splits_that_overlap_or_break_their_word_are_found(made, message):
    class Tiny(Dataset):
        """Four samples."""

        label_range = (-3.0, 3.0)

        def simulate(self, seed=0):
            return made()

    breaks("keeps_splits_apart", "datasets", "tiny", Tiny, message)


def test_a_data_set_that_its_labels_tell_is_held_to_what_they_tell():
    class Tiny(Dataset):
        """Four samples."""

        task = ""
        high = 4.0

        @classmethod
        def fitted(cls, labels):
            facts = {"task": "regression", "label_range": (min(labels), cls.high)}
            return type("Tiny", (cls,), facts)

        def simulate(self, seed=0):
            return store(["a", "b", "c", "d"], label=4.0)

    Case("keeps_splits_apart", "datasets", "tiny", Tiny)()
    Tiny.high = 3.0
    breaks("keeps_splits_apart", "datasets", "tiny", Tiny, r"declared are \(4.0, 3.0\)")


def test_every_check_has_a_sentence():
    for name, function in CHECKS.items():
        assert function.__doc__ and function.__doc__.strip().endswith("."), name

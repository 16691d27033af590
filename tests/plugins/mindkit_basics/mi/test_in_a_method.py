"""Every estimator takes the place of MInD's by `--set` alone."""

import math

import pytest

from mindkit.config.load import load_spec
from mindkit.data.library import open_store
from mindkit.errors import MindkitError
from mindkit.model.build import InputSchema
from mindkit.model.checking import check

LOWER = ["infonce", "mine", "nwj", "smile", "tuba"]
UPPER = ["club", "club_sample", "leave_one_out"]


@pytest.mark.parametrize("name", LOWER)
def test_a_lower_bound_trains_with_the_method(registries, one_backward, untrained, name):
    _, model, values = one_backward(registries, [f"terms.info.type={name}"])
    assert math.isfinite(values["info"])
    assert not untrained(model.objective.terms["info"])
    assert not model.objective.learners()


@pytest.mark.parametrize("name", UPPER)
def test_an_upper_bound_trains_in_a_step_of_its_own(registries, one_backward, name):
    settings = [f"terms.info.type={name}", "terms.info.goal=minimize"]
    _, model, values = one_backward(registries, settings)
    assert math.isfinite(values["info"])
    assert list(model.objective.learners()) == ["info"]


def test_a_bank_is_filled_as_the_method_trains(registries, one_backward):
    settings = ["terms.info.negatives=bank", "terms.info.memory=5"]
    _, model, values = one_backward(registries, settings)
    assert math.isfinite(values["info"])
    banks = [
        one.negatives for group in model.objective.terms["info"].groups for one in group.components
    ]
    assert banks
    assert all(bank.held == 5 and bank.queue.any(-1).all() for bank in banks)


def test_a_bank_for_rows_that_share_a_critic_is_refused_before_training(
    registries, small_mind, tiny_mosi
):
    shared = "terms.info.inputs=[{x: encoded.$m, z: specific.$m, copy: one}]"
    settings = [*small_mind, "terms.info.negatives=bank", shared]
    spec = load_spec(registries, "mind", dataset="mosi", data=str(tiny_mosi), settings=settings)
    (problem,) = check(spec, registries, InputSchema.of(open_store(spec.data, registries)))
    assert "a bank keeps one row of samples a copy" in problem.what


@pytest.mark.parametrize("name", ["jsd", *LOWER])
def test_a_gaussian_critic_trains_with_the_method(registries, one_backward, untrained, name):
    settings = [f"terms.info.type={name}", "terms.info.critic=gaussian"]
    _, model, values = one_backward(registries, settings)
    assert math.isfinite(values["info"])
    assert not untrained(model.objective.terms["info"])


OF_LABELS = (
    "terms.label={type: club_cat, goal: minimize, hidden: 8, inputs: [[specific.$m, target]]}"
)


def test_a_label_is_kept_out_of_each_modality(registries, one_backward, untrained):
    _, model, values = one_backward(registries, [OF_LABELS], dataset="mintrec")
    assert math.isfinite(values["label"]) and values["label"] != 0
    assert list(model.objective.learners()) == ["label"]
    assert len(model.objective.terms["label"].rows) == 3
    assert not untrained(model.objective.terms["label"])


def test_scores_in_place_of_classes_are_refused(registries, one_backward):
    with pytest.raises(MindkitError, match=r"terms\.label: .* the task is regression; leave the"):
        one_backward(registries, [OF_LABELS], dataset="mosi")

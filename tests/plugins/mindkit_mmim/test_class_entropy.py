import numpy as np
import pytest
import torch

from mindkit_mmim.class_entropy import ClassEntropy


def naive(rows, label, ridge):
    total = 0.0
    for sign in (1, -1):
        member = rows[sign * label > 0]
        if len(member) > 1:
            covariance = np.cov(member.T, bias=True) + ridge * np.eye(rows.shape[1])
            total += np.linalg.slogdet(covariance)[1] / 4
    return total


@pytest.fixture
def module():
    torch.manual_seed(0)
    return ClassEntropy(8, "regression", memory=7, ridge=1e-3).double()


def test_the_first_batch_has_none(module, draw):
    assert module(draw(5, 8), draw(5)).item() == 0


def test_the_samples_before_stand_beside_those_of_the_batch(module, draw):
    rows, labels = np.zeros((0, 2)), np.zeros(0)
    for turn in range(4):
        y, label = draw(5, 8), draw(5)
        value = module(y, label).item()
        narrow = module.project(y).detach().numpy()
        rows, labels = np.concatenate([rows[-7:], narrow]), np.concatenate([labels[-7:], label])
        if turn:
            assert value == pytest.approx(naive(rows, labels, 1e-3), abs=1e-9)


def test_each_epoch_begins_without_a_memory(module, draw):
    module(draw(5, 8), draw(5))
    module.on_epoch_end(0)
    assert module(draw(5, 8), draw(5)).item() == 0
    assert module(draw(5, 8), draw(5)).item() != 0


@pytest.mark.parametrize("learn", [False, True])
def test_the_projection_is_learned_only_if_asked(draw, learn):
    module = ClassEntropy(8, "regression", learn_projection=learn).double()
    y = draw(16, 8).requires_grad_()
    module(y, draw(16))
    module(y, draw(16)).backward()
    assert y.grad.any()
    assert (module.project[0].weight.grad is not None) == learn


def test_labels_of_zero_and_sides_with_one_sample_have_no_part(module, draw):
    module(draw(5, 8), torch.tensor([1.0, 1, 1, 0, -1]).double())
    kept = module.kept[-5:].numpy().copy()
    value = module(draw(3, 8), torch.zeros(3).double()).item()
    assert value == pytest.approx(naive(kept, np.array([1.0, 1, 1, 0, 0]), 1e-3), abs=1e-9)


def test_equal_samples_have_a_finite_gradient(module, draw):
    module(draw(5, 8), draw(5))
    y = torch.ones(5, 8, dtype=torch.float64, requires_grad=True)
    module(y, torch.ones(5).double()).backward()
    assert y.grad.isfinite().all()


def test_evaluation_keeps_nothing(module, draw):
    module.eval()
    module(draw(5, 8), draw(5))
    assert (module.kept_label == 0).all()


def test_classes_are_refused():
    with pytest.raises(ValueError, match="the sign of the label is needed"):
        ClassEntropy(8, "classification")

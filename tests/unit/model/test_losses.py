import pytest
import torch

from mindkit.model.losses import prediction_loss, refuse_misfit


@pytest.mark.parametrize("loss", ["auto", "mae", "mse", "mse_clipped_mae", "smooth_l1"])
def test_regression_keeps_leading_axes(loss):
    prediction, target = torch.randn(2, 3, 5, 1), torch.randn(2, 3, 5)
    value = prediction_loss(prediction, target, loss, "regression")
    expected = prediction_loss(prediction[1, 2], target[1, 2], loss, "regression")
    assert value.shape == (2, 3)
    assert torch.isclose(value[1, 2], expected)


def test_classification_keeps_leading_axes():
    prediction, target = torch.randn(2, 3, 5, 4), torch.randint(4, (2, 3, 5))
    value = prediction_loss(prediction, target, "auto", "classification")
    expected = torch.nn.functional.cross_entropy(prediction[1, 2], target[1, 2])
    assert value.shape == (2, 3)
    assert torch.isclose(value[1, 2], expected)


@pytest.mark.parametrize(
    ("task", "needs"),
    [("regression", r"\(\.\.\., B, 1\)"), ("classification", r"\(\.\.\., B, C\)")],
)
def test_shapes_that_do_not_fit_are_refused(task, needs):
    prediction, target = torch.zeros(5, 1), torch.zeros(4)
    with pytest.raises(ValueError, match=rf"{task} takes prediction {needs}.*\(5, 1\) and \(4,\)"):
        prediction_loss(prediction, target, "auto", task)


def test_auto_fits_every_task():
    refuse_misfit("auto", "regression")
    refuse_misfit("auto", "classification")

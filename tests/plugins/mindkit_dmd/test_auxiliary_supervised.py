import math

import pytest
import torch

from mindkit_dmd.auxiliary_supervised import AuxiliarySupervised


def test_absolute_errors_are_averaged_over_the_batch_and_added_over_predictions(draw):
    predictions, target = draw(4, 3), draw(4)
    expected = sum(
        abs(predictions[i, m].item() - target[i].item()) for m in range(3) for i in range(4)
    )
    value = AuxiliarySupervised(3, 1, "regression")(predictions, target).item()
    assert value == pytest.approx(expected / 4, abs=1e-12)


def test_classes_have_their_cross_entropies_added(draw):
    predictions, target = draw(4, 6), torch.tensor([0, 2, 1, 1])
    expected = 0.0
    for i in range(4):
        for m in (0, 1):
            scores = predictions[i, 3 * m : 3 * m + 3].tolist()
            total = math.log(sum(math.exp(s) for s in scores))
            expected += (total - scores[int(target[i])]) / 4
    value = AuxiliarySupervised(6, 3, "classification")(predictions, target).item()
    assert value == pytest.approx(expected, abs=1e-10)


def test_a_loss_of_the_other_task_is_refused():
    with pytest.raises(ValueError, match="loss 'mae' is not one for classification"):
        AuxiliarySupervised(6, 3, "classification", loss="mae")

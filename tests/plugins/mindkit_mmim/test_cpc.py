import math

import pytest
import torch

from mindkit_mmim.cpc import Cpc


def test_it_is_what_a_loop_over_samples_gives(draw):
    module = Cpc(4, 3, 1).double()
    fused, y = draw(5, 4), draw(5, 3)
    made = module.predict(fused)
    total = 0.0
    for i in range(5):
        scores = [
            float((y[i] / y[i].norm()) @ (made[j] / made[j].norm()).detach()) for j in range(5)
        ]
        total -= scores[i] - math.log(sum(math.exp(s) for s in scores))
    assert module(fused, y).item() == pytest.approx(total / 5, abs=1e-10)


def test_without_a_temperature_it_stays_near_log_b(draw):
    value = Cpc(4, 3, 1).double()(draw(64, 4), draw(64, 3)).item()
    assert math.log(64) - 2 < value < math.log(64) + 2
    assert torch.isfinite(torch.tensor(value))

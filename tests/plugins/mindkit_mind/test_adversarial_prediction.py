import math

import pytest
import torch

from mindkit_mind.adversarial_prediction import AdversarialPrediction


def predictions_by_hand(naive, module, features):
    first, _, _, last = module.predictor
    return [naive.network(sample.tolist(), [first, last], naive.gelu) for sample in features]


@pytest.mark.parametrize(
    ("loss", "error"), [("auto", abs), ("mae", abs), ("mse", lambda difference: difference**2)]
)
def test_regression_is_the_mean_error_of_the_label(draw, naive, loss, error):
    module = AdversarialPrediction(6, 1, "regression", 1, loss=loss).double().eval()
    features, target = draw(5, 6), draw(5)
    predicted = predictions_by_hand(naive, module, features)
    expected = sum(error(p[0] - float(t)) for p, t in zip(predicted, target, strict=True)) / 5
    assert module(features, target, progress=0.3).item() == pytest.approx(expected, abs=1e-9)


def test_classification_is_the_mean_negative_log_probability(draw, naive):
    module = AdversarialPrediction(6, 3, "classification", 1).double().eval()
    features, target = draw(4, 6), torch.tensor([2, 0, 1, 1])
    total = 0.0
    for logits, label in zip(
        predictions_by_hand(naive, module, features), target.tolist(), strict=True
    ):
        total += math.log(sum(math.exp(v) for v in logits)) - logits[label]
    assert module(features, target, progress=0.3).item() == pytest.approx(total / 4, abs=1e-9)


def test_only_the_features_gradient_is_reversed_by_the_schedule(draw):
    module = AdversarialPrediction(6, 1, "regression", 1, loss="mse").double().eval()
    features, target = draw(5, 6).requires_grad_(), draw(5)
    plain = (module.predictor(features).squeeze(-1) - target).square().mean()
    weight = module.predictor[0].weight
    plain_features, plain_weight = torch.autograd.grad(plain, [features, weight])
    value = module(features, target, progress=0.25)
    reversed_features, kept_weight = torch.autograd.grad(value, [features, weight])
    assert torch.allclose(reversed_features, -0.8482836 * plain_features, rtol=1e-6, atol=0)
    assert torch.equal(kept_weight, plain_weight)


def test_the_hidden_layer_is_half_as_wide_as_the_features():
    assert AdversarialPrediction(9, 1, "regression", 1).predictor[0].d_out == 4


def test_dropout_acts_in_training_only(draw):
    module = AdversarialPrediction(60, 1, "regression", 1, dropout=0.5).double()
    features, target = draw(5, 60), draw(5)
    assert module(features, target, progress=0.0) != module(features, target, progress=0.0)
    module.eval()
    assert module(features, target, progress=0.0) == module(features, target, progress=0.0)


def test_noise_predicts_no_better_than_the_best_constant(draw):
    torch.manual_seed(0)
    module = AdversarialPrediction(6, 1, "regression", 1, loss="mse", dropout=0.0).double()
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(300):
        optimizer.zero_grad()
        module(draw(256, 6), draw(256) + 1, progress=1.0).backward()
        optimizer.step()
    with torch.no_grad():
        value = module(draw(20000, 6), draw(20000) + 1, progress=1.0).item()
    assert value == pytest.approx(1, abs=0.1)  # the variance of the label


def test_a_loss_that_does_not_fit_the_task_is_refused():
    with pytest.raises(ValueError, match="loss 'mse' is not one for classification; set loss to"):
        AdversarialPrediction(6, 3, "classification", 1, loss="mse")

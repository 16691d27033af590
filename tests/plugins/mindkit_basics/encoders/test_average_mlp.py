import pytest
import torch

from mindkit_basics.encoders.average_mlp import AverageMlp

LENGTHS = [3, 1, 4]


@pytest.fixture
def batch(draw):
    mask = torch.arange(4) < torch.tensor(LENGTHS).unsqueeze(1)
    return draw(3, 4, 5), mask


def layered(encoder, mean):
    """Linear layers with a ReLU behind each."""
    for linear in (one for one in encoder.network if isinstance(one, torch.nn.Linear)):
        mean = linear(mean).relu()
    return mean


@pytest.mark.parametrize("layers", [1, 3])
def test_it_is_layers_on_the_normalised_mean_of_each_sample_s_own_steps(batch, layers):
    encoder = AverageMlp(5, 6, layers=layers, hidden=2, dropout=0.0).double()
    x, mask = batch
    means = torch.stack([x[b, :length].mean(0) for b, length in enumerate(LENGTHS)])
    deviation = (means.var(0, unbiased=False) + 1e-5).sqrt()
    expected = layered(encoder, (means - means.mean(0)) / deviation)
    torch.testing.assert_close(encoder(x, mask), expected)
    widths = [one.out_features for one in encoder.network if isinstance(one, torch.nn.Linear)]
    assert widths == [2] * (layers - 1) + [6]


def test_without_normalisation_samples_do_not_meet(batch):
    encoder = AverageMlp(5, 6, normalize=False, dropout=0.0).double()
    x, mask = batch
    torch.testing.assert_close(encoder(x, mask)[:1], encoder(x[:1, :3], mask[:1, :3]))


def test_one_sample_takes_the_running_statistics_and_leaves_them(batch):
    encoder = AverageMlp(5, 6, dropout=0.0).double()
    x, mask = batch
    encoder(x, mask)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    alone = encoder(x[:1], mask[:1])
    assert all(torch.equal(before[name], one) for name, one in encoder.state_dict().items())
    torch.testing.assert_close(encoder.eval()(x[:1], mask[:1]), alone)


def test_dropout_takes_features_of_the_mean(batch):
    encoder = AverageMlp(5, 6, layers=1, normalize=False, dropout=0.5).double()
    x, mask = batch
    assert not torch.equal(encoder(x, mask), encoder(x, mask))
    torch.testing.assert_close(encoder.eval()(x, mask), encoder(x, mask))


def test_no_layer_is_refused():
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        AverageMlp(5, 6, layers=0)

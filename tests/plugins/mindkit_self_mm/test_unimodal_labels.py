import math

import pytest
import torch

from mindkit_self_mm.unimodal_labels import UnimodalLabels, generated

SAMPLES, MODALITIES, WIDTH = 6, 2, 3


@pytest.fixture
def module():
    torch.manual_seed(0)
    sizes = (MODALITIES * WIDTH, MODALITIES, 4, SAMPLES, "regression")
    return UnimodalLabels(*sizes, hidden=5, dropout=0.0).double()


def test_a_new_label_meets_its_reference_value():
    # y = 1.2, distances 2 and 3 of the modality, 1.5 and 3.5 of the fused vector.
    own, whole = torch.tensor((3 - 2) / 2), torch.tensor((3.5 - 1.5) / 1.5)
    new = generated(torch.tensor(1.2), own, whole).item()
    assert new == pytest.approx(0.4083333, abs=5e-7)
    assert (3 - 1) / (3 + 1) * 1.0 + 2 / (3 + 1) * new == pytest.approx(0.7041667, abs=5e-7)


class Naive:
    """The state of every sample in dictionaries, one sample at a time."""

    def __init__(self, module):
        self.module, self.epoch = module, 1
        self.labels, self.bank = {}, {}  # (s, sample); s is a modality, or "fused"

    def centre(self, s, sign):
        rows = [self.bank[k] for k, y in self.labels.items() if k[0] == s and sign * y > 0]
        if not rows:
            return [0.0] * (4 if s == "fused" else 5)
        return [sum(column) / len(rows) for column in zip(*rows, strict=True)]

    def step(self, vectors, guess, fused, target, index):
        loss, changed = 0.0, {}
        centres = {(s, sign): self.centre(s, sign) for s in (0, 1, "fused") for sign in (1, -1)}

        def nearness(s, vector):
            positive = math.dist(vector, centres[s, 1])
            negative = math.dist(vector, centres[s, -1])
            return (negative - positive) / (positive + 1e-8)

        for place, sample in enumerate(index):
            y = target[place]
            for s in range(MODALITIES):
                old = self.labels.get((s, sample), y)
                loss += math.tanh(abs(old - y)) * abs(guess[s][place] - old) / len(index)
                own, whole = nearness(s, vectors[s][place]), nearness("fused", fused[place])
                new = y * own / (2 * (whole + 1e-8)) + (y + own - whole) / 2
                e = self.epoch
                moved = (e - 1) / (e + 1) * old + 2 / (e + 1) * max(-3.0, min(3.0, new))
                changed[s, sample] = moved if e > 1 else old
            changed["fused", sample] = y
        self.labels |= changed
        for place, sample in enumerate(index):
            for s in range(MODALITIES):
                self.bank[s, sample] = vectors[s][place]
            self.bank["fused", sample] = fused[place]
        return loss


def test_it_is_what_a_loop_over_samples_gives_over_three_epochs(module, draw):
    naive, label = Naive(module), draw(SAMPLES)
    for epoch in range(3):
        for rows in ([0, 3, 5], [4, 1, 2]):
            features, fused = draw(3, MODALITIES * WIDTH), draw(3, 4)
            parts = features.unflatten(1, (MODALITIES, -1)).transpose(0, 1)
            vectors = module.features(parts)
            guess = module.predict(vectors).squeeze(2)
            expected = naive.step(
                vectors.tolist(), guess.tolist(), fused.tolist(), label[rows].tolist(), rows
            )
            index = torch.tensor(rows)
            value = module(features, fused, label[index], index=index)
            assert value.item() == pytest.approx(expected, abs=1e-9)
        for (s, sample), y in naive.labels.items():
            if s != "fused":
                assert module.labels[s, sample].item() == pytest.approx(y, abs=1e-9)
        module.on_epoch_end(epoch)
        naive.epoch += 1
    assert not torch.allclose(module.labels[0], label)  # so that something was compared


def test_in_the_first_epoch_there_is_no_loss(module, draw):
    index, label = torch.arange(SAMPLES), draw(SAMPLES)
    for _ in range(2):
        value = module(draw(SAMPLES, 6), draw(SAMPLES, 4), label, index=index)
        assert value.item() == 0


def test_evaluation_changes_nothing_that_is_kept(module, draw):
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.eval()
    module(draw(3, 6), draw(3, 4), draw(3), index=torch.tensor([0, 1, 2]))
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


def test_what_is_kept_goes_with_the_weights(module, draw):
    index = torch.arange(SAMPLES)
    for epoch in range(3):
        module(draw(SAMPLES, 6), draw(SAMPLES, 4), draw(SAMPLES), index=index)
        module.on_epoch_end(epoch)
    other = UnimodalLabels(6, 2, 4, SAMPLES, "regression", hidden=5, dropout=0.0).double()
    other.load_state_dict(module.state_dict())
    inputs = draw(SAMPLES, 6), draw(SAMPLES, 4), draw(SAMPLES)
    assert torch.equal(module(*inputs, index=index), other(*inputs, index=index))
    assert torch.equal(module.labels, other.labels)


def test_classes_are_refused():
    with pytest.raises(ValueError, match="between numbers only, and the task is classification"):
        UnimodalLabels(6, 2, 4, SAMPLES, "classification")

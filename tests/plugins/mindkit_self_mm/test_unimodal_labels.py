import math

import pytest
import torch

from mindkit_self_mm.unimodal_labels import UnimodalLabels, generated

SAMPLES, MODALITIES, WIDTH, FUSED = 6, ("text", "audio"), 3, 4
HIDDEN = {"text": 5, "audio": 2}
SIZES = (len(MODALITIES) * WIDTH, MODALITIES, FUSED, SAMPLES, "regression")


@pytest.fixture
def make():
    """Return a new criterion with options, in float64, the same in every run."""

    def call(**options):
        torch.manual_seed(0)
        return UnimodalLabels(*SIZES, **{"hidden": HIDDEN, "dropout": 0.0, **options}).double()

    return call


@pytest.fixture
def module(make):
    return make()


def test_a_new_label_meets_its_reference_value():
    # y = 1.2, distances 2 and 3 of the modality, 1.5 and 3.5 of the fused vector.
    own, whole = torch.tensor((3 - 2) / 2), torch.tensor((3.5 - 1.5) / 1.5)
    new = generated(torch.tensor(1.2), own, whole).item()
    assert new == pytest.approx(0.4083333, abs=5e-7)
    assert (3 - 1) / (3 + 1) * 1.0 + 2 / (3 + 1) * new == pytest.approx(0.7041667, abs=5e-7)


class Naive:
    """The state of every sample in dictionaries, one sample at a time."""

    def __init__(self, distance):
        self.distance, self.epoch = distance, 1
        self.labels, self.bank = {}, {}  # (s, sample); s is a modality, or "fused"

    def centre(self, s, sign):
        rows = [self.bank[k] for k, y in self.labels.items() if k[0] == s and sign * y > 0]
        if not rows:
            return [0.0] * {"fused": FUSED, **HIDDEN}[s]
        return [sum(column) / len(rows) for column in zip(*rows, strict=True)]

    def away(self, vector, centre):
        norm = math.dist(vector, centre)
        return norm if self.distance == "norm" else norm**2 / math.sqrt(len(vector))

    def step(self, vectors, guess, fused, target, index):
        loss, changed = 0.0, {}
        spaces = (*MODALITIES, "fused")
        centres = {(s, sign): self.centre(s, sign) for s in spaces for sign in (1, -1)}

        def nearness(s, vector):
            positive, negative = (self.away(vector, centres[s, sign]) for sign in (1, -1))
            return (negative - positive) / (positive + 1e-8)

        for place, sample in enumerate(index):
            y = target[place]
            for s in MODALITIES:
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
            for s in MODALITIES:
                self.bank[s, sample] = vectors[s][place]
            self.bank["fused", sample] = fused[place]
        return loss


@pytest.mark.parametrize("distance", ["norm", "squared"])
def test_it_is_what_a_loop_over_samples_gives_over_three_epochs(make, draw, distance):
    module, naive, label = make(distance=distance), Naive(distance), draw(SAMPLES)
    for epoch in range(3):
        for rows in ([0, 3, 5], [4, 1, 2]):
            features, fused = draw(3, len(MODALITIES) * WIDTH), draw(3, FUSED)
            vectors, guess = {}, {}
            for number, s in enumerate(MODALITIES):
                _, first, _ = module.heads[number].features
                second, _, last, _ = module.heads[number].predict
                own = first(features[:, WIDTH * number : WIDTH * (number + 1)]).relu()
                assert own.shape == (3, HIDDEN[s])
                vectors[s], guess[s] = own.tolist(), last(second(own).relu()).flatten().tolist()
            expected = naive.step(vectors, guess, fused.tolist(), label[rows].tolist(), rows)
            index = torch.tensor(rows)
            value = module(features, fused, label[index], index=index)
            assert value.item() == pytest.approx(expected, abs=1e-9)
        for (s, sample), y in naive.labels.items():
            if s != "fused":
                kept = module.labels[MODALITIES.index(s), sample].item()
                assert kept == pytest.approx(y, abs=1e-9)
        module.on_epoch_end(epoch)
        naive.epoch += 1
    assert not torch.allclose(module.labels[0], label)  # so that something was compared


def test_each_modality_may_have_a_dropout_of_its_own(make):
    module = make(dropout={"text": 0.0, "audio": 0.3})
    assert [head.features[0].p for head in module.heads] == [0.0, 0.3]


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


def test_what_is_kept_goes_with_the_weights(make, draw):
    module, other = make(), make()
    index = torch.arange(SAMPLES)
    for epoch in range(3):
        module(draw(SAMPLES, 6), draw(SAMPLES, 4), draw(SAMPLES), index=index)
        module.on_epoch_end(epoch)
    other.load_state_dict(module.state_dict())
    inputs = draw(SAMPLES, 6), draw(SAMPLES, 4), draw(SAMPLES)
    assert torch.equal(module(*inputs, index=index), other(*inputs, index=index))
    assert torch.equal(module.labels, other.labels)


def test_classes_and_maps_with_other_modalities_are_refused(make):
    with pytest.raises(ValueError, match="between numbers only, and the task is classification"):
        UnimodalLabels(*SIZES[:-1], "classification")
    with pytest.raises(ValueError, match="hidden names 'vision'"):
        make(hidden={**HIDDEN, "vision": 4})

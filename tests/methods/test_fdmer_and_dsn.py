"""FDMER and DSN in the engine, from the encoded vectors on, against both written out."""

import math

import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.config.spec import Reference
from mindkit.model.build import InputSchema, build

WIDTH, BATCH, PROGRESS = 6, 5, 0.02
FULL_STRENGTH = 2 / (1 + math.exp(-10)) - 1
WEIGHTS = {
    "fdmer_reconstructed": {"task": 1.0, "adv": 0.1, "con": 0.1, "dis": 0.1},
    "dsn": {"task": 1.0, "sim": 0.25, "diff": 0.075, "recon": 0.01},
}

pytestmark = pytest.mark.usefixtures("float64")


def bank(layer, copy=0):
    """Weight and bias of one copy of a banked layer."""
    return layer.weight[copy], layer.bias[copy, 0]


def plain(layer):
    """Weight and bias of an nn.Linear."""
    return layer.weight.T, layer.bias


def fdmer_networks(module, model):
    stages, head = model.graph.stages, model.graph.head
    discriminator = model.objective.terms["adv"].groups[0].components[0].classifier
    query, key, value = head.qkv.weight.T.chunk(3, 1)
    return module.Networks(
        common=[bank(stages["invariant"].network[i]) for i in (0, 3)],
        private={
            m: [bank(stages["specific"].network[i], number) for i in (0, 3)]
            for number, m in enumerate(model.graph.modalities)
        },
        discriminator=[plain(discriminator[i]) for i in (0, 3)],
        query=query,
        key=key,
        value=value,
        norm=(head.norm.weight, head.norm.bias),
        score=plain(head.score[0]),
        q=head.score[2].weight[0],
        predict=[plain(head.predict[i]) for i in (0, 3)],
    )


def dsn_networks(module, model):
    stages, terms, head = model.graph.stages, model.objective.terms, model.graph.head
    classifier = terms["sim"].groups[0].components[0].classifier
    return module.Networks(
        common=bank(stages["invariant"].network[0]),
        private={
            m: bank(stages["specific"].network[0], number)
            for number, m in enumerate(model.graph.modalities)
        },
        decoder=bank(terms["recon"].groups[0].components[0].decoder),
        domain=[plain(classifier[i]) for i in (0, 3)],
        head=[plain(layer) for layer in (head.fuse, head.predict[0], head.predict[3])],
    )


class Setting:
    """One method, built small in float64 without dropout, and Gaussian vectors to feed it."""

    def __init__(self, registries, reference, method):
        self.method = method
        texts = [f"encoders.{m}={{type: vector}}" for m in ("text", "audio", "vision")]
        spec = load_spec(registries, method, dataset="mosi", settings=[f"width={WIDTH}", *texts])
        columns = {m: ("vector", 7) for m in spec.method.modalities}
        schema = InputSchema("mosi", columns, "regression", 1, BATCH)
        torch.manual_seed(0)
        self.model = build(spec, registries, schema).eval()
        self.encoded = {m: torch.randn(BATCH, WIDTH, requires_grad=True) for m in columns}
        self.target = torch.randn(BATCH)
        self.module = reference("naive_dsn" if method == "dsn" else "naive_fdmer")

    def ours(self, progress=PROGRESS):
        given = {Reference("encoded", m): z for m, z in self.encoded.items()}
        tensors = self.model.graph.represent(given)
        objective = self.model.objective
        total, values = objective(tensors, self.target, torch.arange(BATCH), progress)
        prediction = tensors[Reference("prediction")]
        return prediction, total, dict(zip(objective.names, values, strict=True))

    def theirs(self, strength):
        dsn = self.method == "dsn"
        networks = (dsn_networks if dsn else fdmer_networks)(self.module, self.model)
        naive = self.module.naive_dsn if dsn else self.module.naive_fdmer
        prediction, values = naive(self.encoded, self.target, networks, strength)
        weights = WEIGHTS[self.method]
        return prediction, sum(weights[name] * one for name, one in values.items()), values

    def gradients(self, total):
        encoders = {id(p) for p in self.model.graph.encoders.parameters()}
        own = [p for p in self.model.parameters() if id(p) not in encoders]
        return torch.autograd.grad(total, [*self.encoded.values(), *own])


@pytest.fixture(params=WEIGHTS)
def setting(registries, reference, request):
    return Setting(registries, reference, request.param)


def strength_of(setting):
    """The reversal's strength at PROGRESS, from the schedules as described."""
    if setting.method == "dsn":  # 0 before the delay is over
        return 0.0
    return 2 / (1 + math.exp(-10 * PROGRESS / 0.04)) - 1


def test_prediction_and_terms_are_those_written_out(setting):
    prediction, total, values = setting.ours()
    expected, expected_total, expected_values = setting.theirs(strength_of(setting))
    torch.testing.assert_close(prediction, expected, rtol=1e-9, atol=1e-9)
    assert set(values) == set(expected_values)
    for name, value in expected_values.items():
        assert values[name].item() == pytest.approx(value.item(), rel=1e-9), name
    assert total.item() == pytest.approx(expected_total.item(), rel=1e-9)


@pytest.mark.parametrize("progress", [PROGRESS, 1.0])
def test_every_gradient_is_that_written_out(setting, progress):
    strength = strength_of(setting) if progress == PROGRESS else FULL_STRENGTH
    ours = setting.gradients(setting.ours(progress)[1])
    theirs = setting.gradients(setting.theirs(strength)[1])
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_dsn_reverses_nothing_before_the_delay_and_ramps_after_it(registries, reference):
    setting = Setting(registries, reference, "dsn")
    progress = 0.2
    p = (progress - 0.053) / (1 - 0.053)
    ours = setting.gradients(setting.ours(progress)[1])
    theirs = setting.gradients(setting.theirs(2 / (1 + math.exp(-10 * p)) - 1)[1])
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)

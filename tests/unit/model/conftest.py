"""A tiny method of two modalities, and a plugin of odd components for it."""

import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build

METHOD = """\
name: tiny
width: 4
encoders:
  audio: {type: vector}
  vision: {type: transformer, layers: 1, heads: 2}
representations:
  specific: {type: mlp, from: encoded}
fusion: {type: concat_mlp, inputs: [specific.*], fused: 4, hidden: 4}
terms:
  task: {type: supervised, inputs: [[prediction, target]]}
  diff: {type: hsic, inputs: [[specific.$m, specific.$n]]}
"""
PLUGIN = '''\
from typing import Literal

import torch
from torch import nn

from mindkit.api import Criterion, FusionHead, MIEstimator, hookimpl


class Chosen(Criterion):
    """Has options, and computes nothing."""

    def __init__(self, a_dim: int, *, shape: Literal["round", "square"] = "round", size: int = 1):
        super().__init__()


class TwoNumbers(FusionHead):
    """Always two numbers. Shapes: parts (P, B, D) -> (B, 2)."""

    def __init__(self, parts_dim: int) -> None:
        super().__init__()
        self.output = nn.Linear(parts_dim, 2)

    def forward(self, parts):
        return self.output(parts.mean(0))


class LastStep(FusionHead):
    """Attends to sequences. Shapes: sequences [(B, L, D)], masks [(B, L)] -> (B, C)."""

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        self.num_outputs = num_outputs

    def forward(self, sequences, masks):
        return sequences[0][:, -1, : self.num_outputs]


class Unfillable(Criterion):
    """Asks the engine for what it does not have."""

    def __init__(self, colour: int) -> None:
        super().__init__()

    def forward(self, a, b):
        return (a - b).square().mean()


class Narrow(Criterion):
    """Takes another width than the method has."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(7, 1)

    def forward(self, a, b):
        return self.project(a - b).mean()


class Remembered(Criterion):
    """Distance to what each sample was when it was last seen."""

    def __init__(self, x_dim: int, num_samples: int) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(num_samples, x_dim))

    def forward(self, x, *, index):
        loss = (x - self.seen[index]).square().mean()
        with torch.no_grad():
            self.seen[index] = x.detach()
        return loss


class Learned(MIEstimator):
    """A bound whose network has a step of its own."""

    def __init__(self, x_dim: int, z_dim: int) -> None:
        super().__init__()
        self.predict = nn.Linear(x_dim, z_dim)

    def forward(self, x, z):
        return -(self.predict(x) - z).square().mean()

    def learning_loss(self, x, z):
        assert not x.requires_grad and not z.requires_grad
        return (self.predict(x) - z).square().mean()


class Named(Criterion):
    """Knows what its first argument is made of."""

    def __init__(self, a_modalities: tuple[str, ...]) -> None:
        super().__init__()
        self.made_of = a_modalities

    def forward(self, a, b):
        return (a - b).square().mean()


class NamedParts(FusionHead):
    """Knows what its parts are of. Shapes: parts (P, B, D) -> (B, C)."""

    def __init__(self, parts_dim: int, num_outputs: int, parts_modalities: tuple[str, ...]):
        super().__init__()
        self.made_of = parts_modalities
        self.output = nn.Linear(parts_dim, num_outputs)

    def forward(self, parts):
        return self.output(parts.mean(0))


@hookimpl
def mindkit_register(registries):
    registries.criteria.add("chosen", Chosen)
    registries.criteria.add("named", Named)
    registries.fusion_heads.add("named_parts", NamedParts)
    registries.fusion_heads.add("two_numbers", TwoNumbers)
    registries.fusion_heads.add("last_step", LastStep)
    registries.criteria.add("unfillable", Unfillable)
    registries.criteria.add("narrow", Narrow)
    registries.criteria.add("remembered", Remembered)
    registries.mi_estimators.add("learned", Learned)
'''


@pytest.fixture(scope="module")
def with_plugin(tmp_path_factory):
    """Registries with a plugin of odd components, and the path of a tiny method."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.py").write_text(PLUGIN)
    (folder / "tiny.yaml").write_text(METHOD)
    return load_plugins([str(folder / "odd.py")]).registries, str(folder / "tiny.yaml")


@pytest.fixture
def load(with_plugin):
    registries, method = with_plugin
    return lambda *settings: load_spec(registries, method, dataset="mosi", settings=settings)


@pytest.fixture
def schema():
    """Six samples, audio a vector and vision a sequence."""
    columns = {"audio": ("vector", 5), "vision": ("sequence", 3)}
    return InputSchema("mosi", columns, "regression", 1, 6)


@pytest.fixture
def make(with_plugin, load, schema):
    """Build the tiny method with settings, the weights drawn with seed 0."""

    def call(*settings):
        torch.manual_seed(0)
        return build(load(*settings), with_plugin[0], schema)

    return call

"""The engine's objective for each preset of MInD against equations written out pair by pair."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.config.spec import Reference
from mindkit.model.build import InputSchema, build
from mindkit.model.reversal import reversal_strength

MODALITIES = ("text", "audio", "vision")
WIDTH, BATCH, PROGRESS = 6, 5, 0.1
STAGES = ("encoded", "gaussian", "invariant", "specific", "noise")
COLUMNS = {m: ("vector", 7) for m in MODALITIES}
SMALL = (
    f"width={WIDTH}",
    "terms.info.hidden=8",
    "terms.recon.hidden=9",
    *(f"encoders.{m}={{type: vector}}" for m in MODALITIES),
)
ROWS = {"task": 1, "np": 1, "info": 9, "cons": 3, "diff": 12, "recon": 3, "cyr": 6}


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = _load("naive_mind")

CHOICES = {
    "mind": reference.Choices(reversal=reversal_strength(PROGRESS, "dann")),
    "mind_official": reference.Choices(reversal=reversal_strength(PROGRESS, "dann")),
    "mind_paper": reference.Choices(
        sums=True, lambda_bt="d", noise_loss="mse", cyclic_error="mean_batch"
    ),
}


def linears(module, copy):
    """(weight, bias) of each banked layer of one copy, in the order they are applied."""
    found = [m for m in module.modules() if hasattr(m, "d_in")]
    return [(m.weight[copy], m.bias[copy, 0]) for m in found]


def statistics(estimator, copy):
    """The three layers of T, its first one put together from both halves."""
    critic = estimator.critic
    first = torch.cat([critic.of_x.weight[copy], critic.of_z.weight[copy]])
    return [(first, critic.of_x.bias[copy, 0]), *linears(critic.rest, copy)]


def by_row(term, weights):
    """Weights of each row's network: (row, weights(component, copy))."""
    for group in term.groups:
        copies = len(group.rows) // group.per_copy
        for position, row in enumerate(group.rows):
            yield row, weights(group.components[0], position % copies)


def networks_of(objective):
    """What the naive objective is given: the engine's weights, by what they are for."""
    terms = objective.terms
    info, recon, cyr = {}, {}, {}
    for row, layers in by_row(terms["info"], statistics):
        (z,) = row.arguments["z"]
        info[z.stage, z.modality] = layers
    for row, layers in by_row(terms["recon"], linears):
        recon[row.arguments["target"][0].modality] = layers
    for row, layers in by_row(terms["cyr"], linears):
        source = row.arguments["source"][0]
        cyr["from_noise" if source.stage == "noise" else "to_noise", source.modality] = layers
    (noise,) = (layers for _, layers in by_row(terms["np"], linears))
    return reference.Networks(info, recon, cyr, noise)


class Setting:
    """One preset, built small in float64, and Gaussian tensors to feed it."""

    def __init__(self, registries, method, modalities=MODALITIES):
        dropped = [m for m in MODALITIES if m not in modalities]
        settings = [s for s in SMALL if not any(f"encoders.{m}=" in s for m in dropped)]
        self.spec = load_spec(registries, method, dataset="mosi", settings=settings, drop=dropped)
        columns = {m: COLUMNS[m] for m in modalities}
        schema = InputSchema("mosi", columns, "regression", 1, BATCH)
        torch.manual_seed(0)
        self.objective = build(self.spec, registries, schema).objective.eval()
        self.parts = {
            stage: {
                m: torch.randn(BATCH, WIDTH, requires_grad=True)
                for m in self.spec.method.modalities
            }
            for stage in STAGES
        }
        self.prediction = torch.randn(BATCH, 1, requires_grad=True)
        self.target = torch.randn(BATCH)
        self.choices = CHOICES[method]

    def banked(self):
        """Total and values of the engine."""
        tensors = {
            Reference(stage, m): part
            for stage, own in self.parts.items()
            for m, part in own.items()
        }
        tensors[Reference("prediction")] = self.prediction
        return self.objective(tensors, self.target, torch.arange(BATCH), PROGRESS)

    def naive(self):
        """Values by term, from the equations."""
        networks = networks_of(self.objective)
        return reference.naive_mind(
            **self.parts,
            prediction=self.prediction,
            target=self.target,
            networks=networks,
            choices=self.choices,
        )

    def naive_total(self):
        """Eq. 19."""
        values = self.naive()
        weights = {term.name: term.weight for term in self.spec.method.terms}
        weights["info"] = -weights["info"]
        return sum(weights[name] * value for name, value in values.items())


@pytest.fixture(scope="module", autouse=True)
def float64():
    """Everything in float64, weights of rows such as 1/3 included."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def settings(registries, float64):
    return {method: Setting(registries, method) for method in CHOICES}


@pytest.mark.parametrize("method", CHOICES)
def test_the_rows_are_those_of_the_paper(settings, method):
    terms = settings[method].objective.terms
    assert {name: len(term.rows) for name, term in terms.items()} == ROWS


@pytest.mark.parametrize("term", ROWS)
@pytest.mark.parametrize("method", CHOICES)
def test_each_term_is_its_equation(settings, method, term):
    _, values = settings[method].banked()
    value = values[settings[method].objective.names.index(term)].item()
    assert value == pytest.approx(settings[method].naive()[term].item(), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("method", CHOICES)
def test_the_whole_objective_is_equation_19(settings, method):
    total, _ = settings[method].banked()
    assert total.item() == pytest.approx(settings[method].naive_total().item(), rel=1e-9)


@pytest.mark.parametrize("method", CHOICES)
def test_every_gradient_is_that_of_equation_19(settings, method):
    setting = settings[method]
    leaves = [part for own in setting.parts.values() for part in own.values()]
    leaves += [setting.prediction, *setting.objective.parameters()]
    total, _ = setting.banked()
    banked = torch.autograd.grad(total, leaves)
    naive = torch.autograd.grad(setting.naive_total(), leaves)
    for one, other in zip(banked, naive, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("missing", MODALITIES)
def test_two_modalities_keep_the_equations(registries, missing):
    setting = Setting(registries, "mind", [m for m in MODALITIES if m != missing])
    terms = setting.objective.terms
    assert len(terms["diff"].rows) == 7
    total, _ = setting.banked()
    assert total.item() == pytest.approx(setting.naive_total().item(), rel=1e-9)

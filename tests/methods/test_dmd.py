"""DMD as it ships: its streams and their losses written out, values, and what its parts train."""

import math

import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.config.spec import Reference
from mindkit.config.training import Accumulate
from mindkit.data.library import open_store
from mindkit.data.prepare import prepare
from mindkit.errors import ConfigError
from mindkit.study.check import check

MODALITIES = ("text", "vision", "audio")
AUXILIARY = ("task_common", "task_homogeneous", "task_heterogeneous")
TERMS = {
    "task": 1,
    **dict.fromkeys(AUXILIARY, 1),
    "distill_homogeneous": 1,
    "distill_heterogeneous": 1,
    "recon": 3,
    "cyc": 3,
    "ort": 3,
    "mar": 1,
}
WEIGHTS = {
    "task": 1.0,
    **dict.fromkeys(AUXILIARY, 1.0),
    "distill_homogeneous": 0.05,
    "distill_heterogeneous": 0.05,
    "recon": 0.1,
    "cyc": 0.1,
    "ort": 0.01,
    "mar": 0.01,
}
DROPS = (
    *MODALITIES,
    *(term for term in TERMS if term != "task"),
    *("decoded", "aligned", "text_only", "undistilled", "only_task"),
)
DATASETS = ("mosi", "mosei", "ur_funny", "mintrec")


@pytest.fixture(scope="module")
def small(tiny_bert):
    """The `--set` lines that make DMD small and keep its structure."""
    return (
        "width=8",
        f"encoders.text.model={tiny_bert}",
        "fusion.layers=1",
        "fusion.heads=2",
        "fusion.length=8",
        "representations.aligned.length=8",
        "training.batch_size=8",
    )


@pytest.fixture
def fed(registries, one_backward, small):
    """Return the model in evaluation, a batch of six, and the tensors it gives for it."""

    def call(*settings):
        spec, model, _ = one_backward(registries, settings, small=small, method="dmd")
        model.eval()
        encoders = dict(model.graph.encoders.items())
        train = prepare(open_store(spec.data, registries), encoders, spec.data, None)
        batch = train.splits["train"].batch(torch.arange(6), model.graph.modalities)
        return model, batch, model.graph(batch)

    return call


@pytest.mark.parametrize(
    ("dataset", "width", "heads", "kernels", "text", "embedding"),
    [("mosi", 50, 10, (5, 5), 0.5, 0.2), ("mosei", 30, 6, (3, 1), 0.3, 0.0)],
)
def test_it_has_the_authors_values(registries, dataset, width, heads, kernels, text, embedding):
    spec = load_spec(registries, "dmd", dataset=dataset)
    assert {term.name: len(term.rows) for term in spec.method.terms} == TERMS
    assert {term.name: term.weight for term in spec.method.terms} == WEIGHTS
    fusion, encoders, training = spec.method.fusion.block, spec.method.encoders, spec.training
    assert spec.method.modalities == MODALITIES
    assert (spec.method.width, fusion.options["heads"]) == (width, heads)
    assert tuple(encoders[m].options["kernel"] for m in ("vision", "audio")) == kernels
    assert encoders["text"].options["dropout"] == text
    assert (fusion.options["embedding_dropout"], fusion.options["dropout"]) == (embedding, 0.5)
    assert training.accumulate == Accumulate(10, "sum")
    assert (training.batch_size, training.clip.value) == (16, 0.6)
    assert (training.optimizer.type, training.optimizer.rate) == ("adam", 1e-4)
    units = {t.name: t.block.options for t in spec.method.terms if t.name.startswith("distill")}
    found = {n: (o["size"], o["prior"], o["representation_weight"]) for n, o in units.items()}
    assert found == {
        "distill_homogeneous": (64, "first", 0),
        "distill_heterogeneous": (32, "order", 10),
    }


@pytest.mark.parametrize("dataset", DATASETS)
def test_it_checks_and_trains_all_of_itself_on_every_data_set(
    registries, one_backward, untrained, small, tiny_tables, own_home, dataset
):
    settings = [*small, "fusion.embedding_dropout=0.0"]
    assert check("dmd", dataset, data=str(tiny_tables(dataset)), settings=settings) == []
    _, model, values = one_backward(registries, small=settings, method="dmd", dataset=dataset)
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []


@pytest.mark.parametrize("name", DROPS)
def test_what_a_drop_leaves_trains_every_parameter(
    registries, one_backward, untrained, small, name
):
    _, model, values = one_backward(registries, small=small, method="dmd", drop=[name])
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []
    gone = {"text_only": {"audio", "vision"}}.get(name, {name})
    assert set(model.graph.encoders) == set(MODALITIES) - gone


@pytest.mark.parametrize("name", ["private", "shared"])
def test_a_head_of_two_streams_says_that_one_is_missing(registries, small, name):
    with pytest.raises(ConfigError, match="'decoupled_fusion' takes sequences of 2 represent"):
        load_spec(registries, "dmd", dataset="mosi", settings=small, drop=[name])


def test_streams_their_reconstruction_and_its_cycle_are_those_of_the_paper(fed):
    model, batch, tensors = fed()
    stages = model.graph.stages
    _, values = model.objective(tensors, batch.target, batch.index, 0.0)
    named = dict(zip(model.objective.names, values.tolist(), strict=True))
    expected = {"recon": 0.0, "cyc": 0.0, "ort": 0.0}
    (shared,) = stages["shared"].stages
    for m, modality in enumerate(MODALITIES):
        own, decoder = stages["private"].stages[m], stages["decoded"].stages[m]
        steps = tensors[Reference("sequence", modality)][batch.masks[modality]]  # all real ones
        sums = dict.fromkeys(expected, 0.0)
        for x in steps.detach():
            s, c = x @ own.convolve.weight[0], x @ shared.convolve.weight[0]
            again = torch.cat([s, c]) @ decoder.convolve.weight[0]
            sums["recon"] += (again - x).square().mean().item()
            sums["cyc"] += (s - again @ own.convolve.weight[0]).square().mean().item()
            sums["ort"] += max(0.0, (s @ c / (s.norm() * c.norm())).item())
        for name, total in sums.items():
            expected[name] += total / len(steps)
    for name, value in expected.items():
        assert named[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


def test_the_total_is_the_weighted_sum_of_the_paper(fed):
    model, batch, tensors = fed()
    total, values = model.objective(tensors, batch.target, batch.index, 0.0)
    named = dict(zip(model.objective.names, values.tolist(), strict=True))
    task = sum(value for name, value in named.items() if name.startswith("task"))
    distilled = named["distill_homogeneous"] + named["distill_heterogeneous"]
    apart = named["mar"] + named["ort"]
    whole = task + 0.05 * distilled + 0.1 * (named["cyc"] + named["recon"] + 0.1 * apart)
    assert total.item() == pytest.approx(whole, rel=1e-5)


def test_it_learns_from_eight_predictions(fed):
    model, batch, tensors = fed()
    predictions = torch.cat(
        [
            tensors[Reference("prediction")],
            tensors[Reference("fused", "common_logits")],
            tensors[Reference("fused", "homogeneous_logits")],
            tensors[Reference("fused", "heterogeneous_logits")],
        ],
        1,
    )
    assert predictions.shape == (6, 8)
    _, values = model.objective(tensors, batch.target, batch.index, 0.0)
    losses = (predictions - batch.target.unsqueeze(1)).abs().mean(0)
    assert values[:4].sum().item() == pytest.approx(losses.sum().item(), rel=1e-5)


def test_only_what_is_distilled_or_scored_has_a_branch(registries, one_backward, small):
    drop = ["task_homogeneous", "distill_homogeneous", "task_common"]
    _, model, _ = one_backward(registries, small=small, method="dmd", drop=drop)
    names = {key.split(".")[0] for key in model.graph.head.state_dict()}
    assert "heterogeneous" in names
    assert not {"homogeneous", "common"} & names

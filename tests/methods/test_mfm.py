"""MFM in the engine against its equations written out, and what its presets leave and train."""

import math

import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.config.spec import Reference
from mindkit.study.check import check

MODALITIES = ("text", "audio", "vision")
TERMS = {"task": 1, "recon_text": 1, "recon_audio": 1, "recon_vision": 1, "prior": 4}
DROPS = (*MODALITIES, *[t for t in TERMS if t != "task"], "private", "discriminative", "text_only")
DATASETS = ("mosi", "mosei", "ur_funny", "mintrec")


@pytest.fixture(scope="module")
def small(tiny_bert):
    """The `--set` lines that make MFM small and keep its structure."""
    return (
        "width=8",
        f"encoders.text.model={tiny_bert}",
        "fusion.hidden=6",
        "fusion.attention_dropout=0.1",  # with few hidden units 0.7 may leave none
        "data.align=none",  # the table has no step for each word
    )


def rows(spec):
    return {term.name: len(term.rows) for term in spec.method.terms}


@pytest.mark.parametrize(
    ("dataset", "weights", "decay", "joint", "hidden"),
    [("mosi", (0.5, 0.01, 0.5, 100), 1e-3, 80, 128), ("mosei", (5.0, 2.0, 5.0, 10), 5e-4, 32, 256)],
)
@pytest.mark.parametrize("method", ["mfm", "mfm_mmsa"])
def test_its_presets_have_the_port_s_values(
    registries, method, dataset, weights, decay, joint, hidden
):
    spec = load_spec(registries, method, dataset=dataset)
    assert rows(spec) == TERMS
    assert tuple(term.weight for term in spec.method.terms[1:]) == weights
    assert spec.training.optimizer.weight_decay == decay
    options = spec.method.fusion.block.options
    assert (options["joint"], options["memory"]) == (joint, 64)
    assert options["hidden"] == {"text": hidden, "audio": 32, "vision": hidden}
    assert (spec.training.batch_size, spec.training.selection.patience) == (64, 7)


def test_the_port_s_preset_rebuilds_what_is_stored_for_text(registries):
    spec = load_spec(registries, "mfm_mmsa", dataset="mosi")
    recon = next(term for term in spec.method.terms if term.name == "recon_text")
    assert recon.rows[0].arguments["target"] == (Reference("features", "text"),)
    assert not recon.block.options["detach_target"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_it_checks_and_trains_all_of_itself_on_every_data_set(
    registries, one_backward, untrained, small, tiny_tables, own_home, dataset
):
    assert check("mfm", dataset, data=str(tiny_tables(dataset)), settings=small) == []
    _, model, values = one_backward(registries, small=small, method="mfm", dataset=dataset)
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []


@pytest.mark.parametrize("name", DROPS)
def test_what_a_drop_leaves_trains_every_parameter(
    registries, one_backward, untrained, small, name
):
    _, model, values = one_backward(registries, small=small, method="mfm", drop=[name])
    assert math.isfinite(values["task"])
    assert untrained(model) == []
    gone = {"text_only": {"audio", "vision"}}.get(name, {name})
    assert set(model.graph.encoders) == set(MODALITIES) - gone


def mmd(a, b):
    """The discrepancy with MFM's kernel, pair by pair."""

    def mean(p, q):
        width = p.shape[1]
        values = [torch.exp(-(x - y).square().mean() / width) for x in p for y in q]
        return sum(values) / len(values)

    return mean(a, a) + mean(b, b) - 2 * mean(a, b)


def rebuilt(decoder, vector, length):
    """The steps that a decoder makes of one vector."""
    given, state = vector, (torch.zeros_like(vector), torch.zeros_like(vector))
    steps = []
    for _ in range(length):
        state = decoder.cell(given, state)
        given = state[0]
        steps.append(decoder.output(given))
    return torch.stack(steps)


def test_its_loss_is_that_of_the_paper_written_out(registries, one_backward, small, monkeypatch):
    settings = ["encoders.text.dropout=0.0", "fusion.attention_dropout=0.0"]
    settings += ["fusion.update_dropout=0.0"]
    spec, model, _ = one_backward(registries, settings, ["audio"], small, "mfm")
    model.eval()
    normal = torch.linspace(-1, 1, 500)
    monkeypatch.setattr(torch, "randn_like", lambda x: normal[: x.numel()].reshape(x.shape))
    batch = first(spec, model, registries, 5)
    tensors = model.graph(batch)
    total, _ = model.objective(tensors, batch.target, batch.index, 0.0)
    private = {m: tensors[Reference("private", m)] for m in ("text", "vision")}
    joint, shared = tensors[Reference("fused", "joint")], tensors[Reference("fused", "factor")]
    prediction = tensors[Reference("prediction")][:, 0]
    expected = (prediction - batch.target).abs().mean()
    targets = {"text": "sequence", "vision": "features"}
    for m, stage in targets.items():
        decoder = model.objective.terms[f"recon_{m}"].groups[0].components[0]
        factor, real = tensors[Reference("factor", m)], batch.masks[m]
        target = tensors[Reference(stage, m)]
        squares = []
        for k in range(5):
            steps = rebuilt(decoder, torch.cat([shared[k], factor[k]]), int(real[k].sum()))
            squares += list((steps - target[k][real[k]]).square().mean(1))
        expected = expected + 0.5 * sum(squares) / len(squares)
    pairs = normal[: 2 * 5 * 8].reshape(2, 5, 8)
    discrepancy = mmd(joint, normal[: joint.numel()].reshape(joint.shape))
    for z, drawn in zip(private.values(), pairs, strict=True):
        discrepancy = discrepancy + mmd(z, drawn)
    assert total.item() == pytest.approx((expected + 100 * discrepancy).item(), rel=1e-4)


def first(spec, model, registries, size):
    """The first samples of the training split, as the model is fed them."""
    from mindkit.data.library import open_store
    from mindkit.data.prepare import prepare

    store = open_store(spec.data, registries)
    train = prepare(store, dict(model.graph.encoders.items()), spec.data, None).splits["train"]
    return train.batch(torch.arange(size), model.graph.modalities)


def test_no_gradient_of_the_reconstruction_reaches_what_is_rebuilt_of_text(
    registries, one_backward, small
):
    spec, model, _ = one_backward(registries, small=small, method="mfm")
    batch = first(spec, model, registries, 5)
    tensors = model.graph(batch)
    target = tensors[Reference("sequence", "text")] = (
        tensors[Reference("sequence", "text")].detach().requires_grad_()
    )
    (decoder,) = model.objective.terms["recon_text"].groups[0].components
    parts = [tensors[Reference("fused", "factor")], tensors[Reference("factor", "text")]]
    decoder(torch.cat(parts, 1), target, batch.masks["text"]).backward()
    assert target.grad is None

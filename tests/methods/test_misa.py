"""MISA in the engine against MISA written out: the whole loss, and optimiser steps."""

import math
from dataclasses import replace

import pytest
import torch
from transformers import BertConfig, BertModel

from mindkit.config.load import load_spec
from mindkit.data.store import Column, Split
from mindkit.model.build import InputSchema, build
from mindkit.train.device import choose_device
from mindkit.train.optim import main_optimizer
from mindkit.train.step import train_step

BATCH, WIDTH, FEED = 7, 8, 12
WIDTHS = {"vision": 4, "audio": 5}
ADVERSARIAL = "terms.sim={type: modality_discriminator, inputs: [{confused: invariant.*}]}"
FORMS = {"cmd": ["terms.sim.eps=0"], "adversarial": [ADVERSARIAL], "preset": []}
EXACT = ("cmd", "adversarial")  # the preset adds 1e-12 under CMD's roots, the authors' code nothing

pytestmark = pytest.mark.usefixtures("float64")


class Pair:
    """MISA of the engine and MISA written out, with the same weights, fed the same samples."""

    def __init__(self, registries, naive, bert, *, form="cmd", task="regression", settings=()):
        self.naive_module, self.cmd_form = naive, form != "adversarial"
        small = [f"width={WIDTH}", f"fusion.feed={FEED}", f"encoders.text.model={bert}"]
        classes = 2 if task == "classification" else 1
        self.spec = load_spec(
            registries,
            "misa",
            dataset="ur_funny" if classes > 1 else "mosi",
            settings=[*small, "encoders.text.tune=all", *FORMS[form], *settings],
        )
        columns = {"text": ("tokens", None), **{m: ("sequence", w) for m, w in WIDTHS.items()}}
        schema = InputSchema(self.spec.data.name, columns, task, classes, BATCH)
        torch.manual_seed(0)
        self.model = build(self.spec, registries, schema).double().eval()  # no dropout
        plain = BertModel(BertConfig.from_pretrained(bert), add_pooling_layer=False)
        self.naive = naive.NaiveMisa(plain, 32, WIDTHS, WIDTH, FEED, classes).double().eval()
        if self.cmd_form:
            del self.naive.discriminator
        with torch.no_grad():
            for ours, theirs in self.weights():
                theirs.copy_(ours)
        self.samples, self.batch = samples(classes)
        self.main = main_optimizer(self.model, self.spec.training.optimizer)
        self.adam = torch.optim.Adam(self.naive.parameters(), lr=1e-4)

    def weights(self):
        """The weights of both, in pairs of one shape."""
        graph, terms, naive = self.model.graph, self.model.objective.terms, self.naive
        yield from both(graph.encoders["text"].transformer, naive.bert)
        yield from both(graph.encoders["text"].projection, naive.project["text"])
        for m in WIDTHS:
            encoder = graph.encoders[m]
            for layer, theirs in zip(
                encoder.layers, (naive.first[m], naive.second[m]), strict=True
            ):
                for name, ours in layer[0].named_parameters():
                    yield ours, getattr(theirs, name)
                for name, ours in layer[1].named_parameters():
                    yield ours, getattr(theirs, f"{name}_reverse")
            yield from both(encoder.norms[0], naive.norm[m])
            yield from both(encoder.output, naive.project[m])
        (decoders,) = terms["recon"].groups
        by_row = [row.arguments["target"][0].modality for row in decoders.rows]
        yield from linear(graph.stages["invariant"].network[0], 0, naive.shared)
        for number, m in enumerate(graph.modalities):
            yield from linear(graph.stages["specific"].network[0], number, naive.private[m])
            decoder = decoders.components[0].decoder
            yield from linear(decoder, by_row.index(m), naive.rebuild[m])
        yield from both(graph.head.attend, naive.attend)
        yield from both(graph.head.predict, naive.head)
        if not self.cmd_form:
            yield from both(terms["sim"].groups[0].components[0].classifier, naive.discriminator)

    def ours(self):
        """Total and terms of the engine, by name."""
        model, batch = self.model, self.batch
        total, values = model.objective(model.graph(batch), batch.target, batch.index, 0.3)
        return {"total": total} | dict(zip(model.objective.names, values, strict=True))

    def theirs(self, **weights):
        """Total and terms, written out."""
        chosen = self.naive_module.Weights(**weights)
        return self.naive.losses(self.samples, self.batch.target, chosen, self.cmd_form)

    def step(self, clip):
        """One optimiser step of both."""
        device = choose_device("cpu", "float32")
        train_step(self.model, [self.batch], 0.3, self.main, {}, self.spec.training.clip, device)
        self.adam.zero_grad()
        self.theirs()["total"].backward()
        torch.nn.utils.clip_grad_value_(self.naive.parameters(), clip)
        self.adam.step()


def both(ours, theirs):
    """Parameters of two modules of one structure."""
    found = dict(theirs.named_parameters())
    parameters = list(ours.parameters())
    assert len(found) == len(parameters)
    return zip(parameters, found.values(), strict=True)


def linear(bank, copy, theirs):
    """Weight and bias of one copy of a bank, in the shapes of nn.Linear."""
    return [(bank.weight[copy].T, theirs.weight), (bank.bias[copy, 0], theirs.bias)]


def samples(classes):
    """Samples of unlike lengths, as lists and as one padded batch."""
    generator = torch.Generator().manual_seed(3)
    lengths = [3, 1, 5, 2, 4, 5, 1]
    tokens = [torch.randint(5, 50, (n + 2,), generator=generator) for n in lengths]
    drawn = {
        m: [torch.randn(n, w, generator=generator) for n in lengths] for m, w in WIDTHS.items()
    }
    columns = {"text": Column.of_tokens(tokens)}
    columns |= {m: Column.of_sequences([one.float() for one in own]) for m, own in drawn.items()}
    target = torch.randn(BATCH, generator=generator)
    target = (target > 0).long() if classes > 1 else target
    split = Split([str(n) for n in range(BATCH)], columns, target)
    batch = split.batch(torch.arange(BATCH), ("text", *WIDTHS))
    features = {m: x if m == "text" else x.double() for m, x in batch.features.items()}
    lists = {m: [one.float().double() for one in own] for m, own in drawn.items()}
    return {"text": tokens, **lists}, replace(batch, features=features)


@pytest.fixture
def pair(registries, reference, tiny_bert):
    """Return both MISAs, made with the given form of similarity, task and settings."""
    naive = reference("naive_misa")
    return lambda **choices: Pair(registries, naive, tiny_bert, **choices)


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("form", FORMS)
def test_the_loss_and_each_of_its_terms_are_those_written_out(pair, form, task):
    both_ways = pair(form=form, task=task)
    ours, theirs = both_ways.ours(), both_ways.theirs()
    for name, value in theirs.items():
        within = 1e-9 if form in EXACT else 1e-6
        assert ours[name].item() == pytest.approx(value.item(), rel=within), name


@pytest.mark.parametrize("form", EXACT)
def test_every_weight_has_its_counterpart(pair, form):
    both_ways = pair(form=form)
    ours, theirs = zip(*both_ways.weights(), strict=True)
    assert sum(w.numel() for w in ours) == sum(p.numel() for p in both_ways.model.parameters())
    assert sum(w.numel() for w in theirs) == sum(p.numel() for p in both_ways.naive.parameters())


@pytest.mark.parametrize("clip", [1.0, 1e-3])
@pytest.mark.parametrize("form", FORMS)
def test_after_each_of_three_optimiser_steps_all_weights_are_those_written_out(pair, form, clip):
    both_ways = pair(form=form, settings=[f"training.clip.value={clip}"])
    before = [ours.clone() for ours, _ in both_ways.weights()]
    for _ in range(3):
        both_ways.step(clip)
        for ours, theirs in both_ways.weights():
            within = 1e-9 if form in EXACT else 1e-6
            torch.testing.assert_close(ours, theirs, atol=within, rtol=0)
    after = [ours for ours, _ in both_ways.weights()]
    moved = [(a - b).abs().max().item() for a, b in zip(after, before, strict=True)]
    assert sum(one < 1e-5 for one in moved) <= 2  # a bias of BERT's keys has no effect


def test_a_small_clip_binds(pair):
    one, other = (pair(settings=[f"training.clip.value={clip}"]) for clip in (1.0, 1e-3))
    for _ in range(3):
        one.step(1.0)
        other.step(1e-3)
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    assert max((a - b).abs().max().item() for a, b in pairs) > 1e-6


def test_the_strength_of_the_reversal_moves_the_shared_encoder_only(pair):
    plain = pair(form="adversarial")
    weak = pair(form="adversarial", settings=["terms.sim.strength=0.8"])
    weak.ours()["total"].backward()
    weak.theirs(reversal=0.8)["total"].backward()
    plain.ours()["total"].backward()
    ours = weak.model.graph.stages["invariant"].network[0].weight.grad[0].T
    torch.testing.assert_close(ours, weak.naive.shared.weight.grad, atol=1e-9, rtol=0)
    discriminators = [
        p.model.objective.terms["sim"].groups[0].components[0].classifier[0].weight.grad
        for p in (plain, weak)
    ]
    torch.testing.assert_close(*discriminators)
    assert math.isclose(weak.ours()["sim"].item(), plain.ours()["sim"].item())

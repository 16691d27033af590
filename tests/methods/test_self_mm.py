"""Self-MM as it ships, in the engine against Self-MM written out, and through a checkpoint."""

import math
import os
import signal

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from mindkit.config.load import load_spec
from mindkit.config.training import Accumulate
from mindkit.kinds import Tracker
from mindkit.model.build import InputSchema, build
from mindkit.study.check import check
from mindkit.train.device import choose_device
from mindkit.train.loop import Interrupted
from mindkit.train.optim import main_optimizer
from mindkit.train.run import run_spec
from mindkit.train.step import train_step

WIDTH, FUSED, SAMPLES, BATCH = 6, 7, 12, 3
WIDTHS, LSTM = {"audio": 5, "vision": 4}, {"audio": 3, "vision": 2}
HIDDEN = {"text": 5, "audio": 3, "vision": 4}
MODALITIES = ("text", "audio", "vision")


@pytest.fixture(scope="module")
def small(tiny_bert):
    """The `--set` lines that make Self-MM small and keep its structure."""
    return (
        f"width={WIDTH}",
        f"encoders.text.model={tiny_bert}",
        *(f"encoders.{m}.hidden={width}" for m, width in LSTM.items()),
        f"fusion.hidden={FUSED}",
        *(f"terms.unimodal.hidden.{m}={width}" for m, width in HIDDEN.items()),
        "training.batch_size=4",
        "training.accumulate={batches: 2, gradients: sum}",
    )


class Pair:
    """Self-MM of the engine and written out, without dropout, with the same weights."""

    def __init__(self, registries, naive, bert, small):
        calm = ["fusion.dropout=0.0", "terms.unimodal.dropout=0.0"]
        self.spec = load_spec(registries, "self_mm", dataset="mosi", settings=[*small, *calm])
        columns = {"text": ("tokens", None), **{m: ("sequence", w) for m, w in WIDTHS.items()}}
        schema = InputSchema("mosi", columns, "regression", 1, SAMPLES)
        torch.manual_seed(0)
        self.model = build(self.spec, registries, schema).double().train()
        self.model.graph.encoders["text"].transformer.eval()
        plain = BertModel(BertConfig.from_pretrained(bert), add_pooling_layer=False)
        self.naive = naive.NaiveSelfMm(plain, 32, WIDTHS, LSTM, HIDDEN, WIDTH, FUSED)
        self.naive.double().eval()
        with torch.no_grad():
            for ours, theirs in self.weights():
                theirs.copy_(ours)
        self.main = main_optimizer(self.model, self.spec.training.optimizer)
        self.adam = self.their_optimizer()

    def weights(self):
        """The weights of both, in pairs of one shape."""
        graph, naive = self.model.graph, self.naive
        yield from both(graph.encoders["text"].transformer, naive.bert)
        yield from both(graph.encoders["text"].projection, naive.project)
        for m in WIDTHS:
            yield from both(graph.encoders[m].layers[0][0], naive.lstm[m])
            yield from both(graph.encoders[m].output, naive.out[m])
        heads = zip(MODALITIES, self.labels.heads, strict=True)
        for s, head in [("fused", graph.head), *heads]:
            first = graph.head.fuse if s == "fused" else head.features
            yield from both(first, naive.first[s])
            yield from both(head.predict[0], naive.second[s])
            yield from both(head.predict[2], naive.last[s])

    @property
    def labels(self):
        """The criterion that generates labels."""
        return self.model.objective.terms["unimodal"].groups[0].components[0]

    def their_optimizer(self):
        """Adam with the authors' groups for MOSI."""
        bert, lstm = dict(self.naive.bert.named_parameters()), self.naive.lstm
        calm = [p for name, p in bert.items() if "bias" in name or "LayerNorm" in name]
        rest = [p for p in bert.values() if id(p) not in {id(one) for one in calm}]
        own = {m: [*lstm[m].parameters(), *self.naive.out[m].parameters()] for m in WIDTHS}
        taken = {id(p) for p in (*calm, *rest, *own["audio"], *own["vision"])}
        others = [p for p in self.naive.parameters() if id(p) not in taken]
        return torch.optim.Adam(
            [
                {"params": calm, "lr": 5e-5, "weight_decay": 0.0},
                {"params": rest, "lr": 5e-5, "weight_decay": 1e-3},
                {"params": own["audio"], "lr": 1e-3, "weight_decay": 1e-2},
                {"params": own["vision"], "lr": 1e-4, "weight_decay": 1e-3},
                {"params": others, "lr": 1e-3, "weight_decay": 1e-3},
            ]
        )

    def step(self, pairs):
        """One optimiser step of both over some batches; return the losses of both."""
        batches = [batch for _, batch in pairs]
        device, clip = choose_device("cpu", "float32"), self.spec.training.clip
        added = self.spec.training.accumulation
        ours = train_step(self.model, batches, 0.3, self.main, {}, clip, device, added)
        self.adam.zero_grad()
        theirs = [self.naive.loss(x, one.target, one.index.tolist()) for x, one in pairs]
        for total, _ in theirs:  # added up, so that the decay is a fourth part of it in four
            total.backward()
        self.adam.step()
        means = [sum(one[k] for one in theirs).item() / len(theirs) for k in (0, 1)]
        total, _, unimodal = ours.tolist()
        return (total, unimodal), tuple(means)


def both(ours, theirs):
    """Parameters of two modules of one structure."""
    return zip(ours.parameters(), theirs.parameters(), strict=True)


@pytest.fixture
def pair(registries, reference, tiny_bert, small):
    return Pair(registries, reference("naive_self_mm"), tiny_bert, small)


def test_every_weight_has_its_counterpart(pair):
    ours, theirs = zip(*pair.weights(), strict=True)
    assert sum(w.numel() for w in ours) == sum(p.numel() for p in pair.model.parameters())
    assert sum(w.numel() for w in theirs) == sum(p.numel() for p in pair.naive.parameters())


def test_losses_labels_and_weights_are_those_written_out_over_three_epochs(pair, clips):
    batches = clips(SAMPLES, BATCH)
    before = [ours.clone() for ours, _ in pair.weights()]
    for epoch in range(3):
        for group in (batches[:2], batches[2:]):
            ours, theirs = pair.step(group)
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
            for one, other in pair.weights():
                torch.testing.assert_close(one, other, atol=1e-9, rtol=0)
        for (s, sample), label in pair.naive.labels.items():
            kept = pair.labels.label if s == "fused" else pair.labels.labels[MODALITIES.index(s)]
            assert kept[sample].item() == pytest.approx(label, abs=1e-8)
        pair.model.objective.on_epoch_end(epoch)
        pair.naive.epoch += 1
    assert ours[1] > 0.01  # labels have moved, and the unimodal tasks with them
    after = [ours for ours, _ in pair.weights()]
    moved = [(a - b).abs().max().item() for a, b in zip(before, after, strict=True)]
    assert sum(one < 1e-6 for one in moved) <= 2  # a bias of BERT's keys has no effect


class Breaking(Tracker):
    """Stops a run in the middle of an epoch: with a signal, or by breaking down."""

    def __init__(self, epoch, step, stop):
        self.at, self.stop = (epoch, step), stop

    def progress(self, record):
        if (record["epoch"], record["step"]) == self.at:
            self.stop()


def crash():
    raise KeyboardInterrupt


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(("stop", "error"), [(crash, KeyboardInterrupt), (interrupt, Interrupted)])
def test_labels_survive_a_run_that_was_stopped(
    registries, small, tiny_mosi, own_home, tmp_path, stop, error
):
    settings = [*small, "training.epochs=5", "training.log_every=1", "training.trackers=[]"]
    spec = load_spec(registries, "self_mm", dataset="mosi", data=str(tiny_mosi), settings=settings)

    def run(name, **more):
        return run_spec(spec, registries, out=tmp_path / name, device="cpu", **more)

    whole = run("whole")
    with pytest.raises(error):
        run("stopped", trackers=[Breaking(3, 1, stop)])
    resumed = run("stopped", resume=True)
    assert (resumed.test, resumed.valid, resumed.epoch) == (whole.test, whole.valid, whole.epoch)
    weights, expected = (load_file(one.folder / "model.safetensors") for one in (resumed, whole))
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())
    (labels,) = (tensor for name, tensor in weights.items() if name.endswith(".labels"))
    (own,) = (tensor for name, tensor in weights.items() if name.endswith(".label"))
    assert whole.epoch == 0 or not torch.equal(labels, own.expand_as(labels))


@pytest.mark.parametrize("dataset", ["mosi", "mosei"])
def test_it_checks_and_trains_on_data_of_sentiment(
    registries, one_backward, small, tiny_tables, own_home, dataset
):
    assert check("self_mm", dataset, data=str(tiny_tables(dataset)), settings=small) == []
    _, _, values = one_backward(registries, small=small, method="self_mm", dataset=dataset)
    assert math.isfinite(values["task"])
    assert values["unimodal"] == 0  # in the first epoch


@pytest.mark.parametrize("dataset", ["ur_funny", "mintrec"])
def test_classes_need_the_unimodal_tasks_dropped(small, tiny_tables, own_home, dataset):
    data = str(tiny_tables(dataset))
    (problem,) = check("self_mm", dataset, data=data, settings=small)
    assert "the task is classification; leave the term out with --drop" in str(problem)
    assert check("self_mm", dataset, data=data, settings=small, drop=["unimodal"]) == []


@pytest.mark.parametrize("name", ["", *MODALITIES, "text_only", "unimodal"])
def test_what_a_drop_leaves_trains_every_parameter(
    registries, one_backward, untrained, small, name
):
    drop = [*filter(None, [name])]
    spec, model, values = one_backward(registries, (), drop, small, "self_mm")
    dropped = {"": set(), "text_only": {"audio", "vision"}}.get(name, {name})
    assert set(model.graph.encoders) == set(MODALITIES) - dropped
    assert math.isfinite(values["task"])
    heads = [n for n in untrained(model) if n.startswith("objective.terms.unimodal.")]
    assert untrained(model) == heads  # these have no loss before the second epoch
    if name != "unimodal":
        kept = spec.resolved["terms"]["unimodal"]["hidden"]
        assert set(kept) == set(model.graph.encoders)


def test_the_unimodal_heads_train_once_labels_differ(registries, one_backward, untrained, small):
    _, model, _ = one_backward(registries, small=small, method="self_mm")
    assert any(name.startswith("objective") for name in untrained(model))
    labels = model.objective.terms["unimodal"].groups[0].components[0]
    labels.labels += 1.0
    inputs = torch.randn(5, 3 * WIDTH), torch.randn(5, FUSED), torch.randn(5)
    labels(*inputs, index=torch.arange(5)).backward()
    assert untrained(labels) == []


@pytest.mark.parametrize(
    ("dataset", "audio", "decay", "lstm", "hidden", "dropout"),
    [
        ("mosi", 1e-3, (1e-3, 1e-2, 1e-3, 1e-3), 64, (64, 16, 32), (0.1, 0.0, 0.1, 0.1)),
        ("mosei", 5e-3, (1e-3, 0.0, 0.0, 1e-2), 32, (32, 16, 16), (0.0, 0.1, 0.0, 0.1)),
    ],
)
def test_it_has_the_authors_values(registries, dataset, audio, decay, lstm, hidden, dropout):
    spec = load_spec(registries, "self_mm", dataset=dataset)
    training, optimizer = spec.training, spec.training.optimizer
    assert training.accumulate == Accumulate(4, "sum")
    assert (training.batch_size, training.selection.patience) == (32, 7)
    calm, bert, *others = optimizer.groups
    assert (calm.rate, calm.weight_decay, bert.rate) == (5e-5, 0.0, 5e-5)
    assert [one.rate for one in others] == [audio, 1e-4]
    found = (bert.weight_decay, *(one.weight_decay for one in others), optimizer.weight_decay)
    assert found == decay
    assert spec.method.encoders["vision"].options["hidden"] == lstm
    unimodal = next(one for one in spec.method.terms if one.name == "unimodal").block.options
    assert tuple(unimodal["hidden"][m] for m in MODALITIES) == hidden
    own = (unimodal["dropout"][m] for m in MODALITIES)
    assert (spec.method.fusion.block.options["dropout"], *own) == dropout

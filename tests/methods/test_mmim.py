"""MMIM as it ships, and in the engine against MMIM written out: both stages of an epoch."""

import math

import pytest
import torch
import yaml
from transformers import BertConfig, BertModel

import mindkit
from mindkit.config.load import load_spec
from mindkit.model.build import InputSchema, build
from mindkit.study.check import check
from mindkit.train.device import choose_device
from mindkit.train.optim import by_turn, learning_optimizers, main_optimizer
from mindkit.train.step import learn_epoch, train_step

WIDTH, FUSED, LSTM, SAMPLES, BATCH = 8, 7, 3, 18, 6
WIDTHS = {"audio": 5, "vision": 4}
MODALITIES = ("text", "audio", "vision")
ROWS = {"task": 1, "nce": 3, "lld": 2, "entropy": 2}
WITHOUT = {
    "": ROWS,
    "text": {"task": 1, "nce": 2},
    "audio": {"task": 1, "nce": 2, "lld": 1, "entropy": 1},
    "vision": {"task": 1, "nce": 2, "lld": 1, "entropy": 1},
    "text_only": {"task": 1, "nce": 1},
    "bound": {"task": 1, "nce": 3},
    "nce": {"task": 1, "lld": 2, "entropy": 2},
    "lld": {"task": 1, "nce": 3, "entropy": 2},
    "entropy": {"task": 1, "nce": 3, "lld": 2},
}


@pytest.fixture(scope="module")
def small(tiny_bert):
    """The `--set` lines that make MMIM small and keep its structure."""
    return (
        f"width={WIDTH}",
        f"encoders.text.model={tiny_bert}",
        *(f"encoders.{m}.hidden={LSTM}" for m in WIDTHS),
        f"fusion.hidden={FUSED}",
        f"terms.entropy.memory={BATCH}",
        f"training.batch_size={BATCH}",
    )


class Pair:
    """MMIM of the engine and written out, without dropout, with the same weights."""

    def __init__(self, registries, naive, bert, small):
        calm = ["fusion.dropout=0.0", *(f"encoders.{m}.dropout=0.0" for m in WIDTHS)]
        self.spec = load_spec(registries, "mmim", dataset="mosi", settings=[*small, *calm])
        columns = {"text": ("tokens", None), **{m: ("sequence", w) for m, w in WIDTHS.items()}}
        schema = InputSchema("mosi", columns, "regression", 1, SAMPLES)
        torch.manual_seed(0)
        self.model = build(self.spec, registries, schema).double().train()
        self.model.graph.encoders["text"].transformer.eval()
        plain = BertModel(BertConfig.from_pretrained(bert), add_pooling_layer=False)
        self.naive = naive.NaiveMmim(plain, 32, WIDTHS, LSTM, WIDTH, FUSED).double().eval()
        with torch.no_grad():
            for ours, theirs in self.weights():
                theirs.copy_(ours)
        self.main = main_optimizer(self.model, self.spec.training.optimizer)
        turns = by_turn(self.model, learning_optimizers(self.model))
        self.each_step, self.each_epoch = turns
        bert_own = {id(p) for p in self.naive.bert.parameters()}
        others = [p for p in self.naive.of_stage_1() if id(p) not in bert_own]
        groups = [{"params": list(self.naive.bert.parameters()), "lr": 5e-5}, {"params": others}]
        self.adam = torch.optim.Adam(groups, lr=1e-3, weight_decay=1e-4)
        self.first = torch.optim.Adam(self.naive.of_stage_0(), lr=1e-3)
        self.device = choose_device("cpu", "float32")

    def weights(self):
        """The weights of both, in pairs of one shape."""
        graph, terms, naive = self.model.graph, self.model.objective.terms, self.naive
        yield from both(graph.encoders["text"].transformer, naive.bert)
        yield from both(graph.encoders["text"].projection, naive.project)
        for m in WIDTHS:
            for layer, end in zip(graph.encoders[m].layers[0], ("", "_reverse"), strict=True):
                for name, ours in layer.named_parameters():
                    yield ours, getattr(naive.lstm[m], f"{name}{end}")
            yield from both(graph.encoders[m].output, naive.out[m])
        yield from both(graph.head.fuse, naive.fuse)
        yield from both(graph.head.predict, naive.predict)
        (contrast,), (likelihood,) = terms["nce"].groups, terms["lld"].groups
        for copy, row in enumerate(contrast.rows):
            m = row.arguments["y"][0].modality
            yield from linear(contrast.components[0].predict, copy, naive.cpc[m])
        for copy, row in enumerate(likelihood.rows):
            m = row.arguments["z"][0].modality
            banks = likelihood.components[0]
            for bank, plain in ((banks.mean, naive.mean[m]), (banks.spread, naive.log_variance[m])):
                for layer in (0, 2):
                    yield from linear(bank[layer], copy, plain[layer])
        for group in terms["entropy"].groups:
            for row, copy in zip(group.rows, group.copy, strict=True):
                m = row.arguments["y"][0].modality
                yield from both(group.components[copy].project, naive.narrow[m])

    def stage_0(self, pairs):
        """All batches once: the networks of the likelihood learn, the rest stands still."""
        learn_epoch(self.model, [batch for _, batch in pairs], self.each_epoch, self.device)
        for inputs, _ in pairs:
            with torch.no_grad():
                encoded = self.naive.encoded(inputs)
            self.first.zero_grad()
            (-self.naive.likelihood(encoded)).backward()
            self.first.step()

    def stage_1(self, inputs, batch):
        """One main step of both; return the total and the terms of both."""
        clip = self.spec.training.clip
        ours = train_step(
            self.model, [batch], 0.3, self.main, self.each_step, clip, self.device
        ).tolist()
        self.adam.zero_grad()
        found = self.naive.losses(inputs, batch.target)
        weights = {"task": 1.0, "nce": 0.1, "lld": -0.025, "entropy": -0.025}
        total = sum(weights[name] * value for name, value in found.items())
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.naive.of_stage_1(), 1.0)
        self.adam.step()
        names = ("total", *self.model.objective.names)
        values = {name: value.item() for name, value in found.items()}
        return dict(zip(names, ours, strict=True)), {"total": total.item(), **values}


def both(ours, theirs):
    """Parameters of two modules of one structure."""
    return zip(ours.parameters(), theirs.parameters(), strict=True)


def linear(bank, copy, theirs):
    """Weight and bias of one copy of a bank, in the shapes of nn.Linear."""
    return [(bank.weight[copy].T, theirs.weight), (bank.bias[copy, 0], theirs.bias)]


@pytest.fixture
def pair(registries, reference, tiny_bert, small):
    return Pair(registries, reference("naive_mmim"), tiny_bert, small)


def test_every_weight_has_its_counterpart(pair):
    ours, theirs = zip(*pair.weights(), strict=True)
    assert sum(w.numel() for w in ours) == sum(p.numel() for p in pair.model.parameters())
    assert sum(w.numel() for w in theirs) == sum(p.numel() for p in pair.naive.parameters())


def test_both_stages_of_two_epochs_are_those_written_out(pair, clips):
    pairs = clips(SAMPLES, BATCH)
    before = [ours.clone() for ours, _ in pair.weights()]
    for epoch in range(2):
        pair.stage_0(pairs)
        for inputs, batch in pairs:
            ours, theirs = pair.stage_1(inputs, batch)
            assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-12)
            for one, other in pair.weights():
                torch.testing.assert_close(one, other, atol=1e-8, rtol=0)
        assert ours["entropy"] != 0
        pair.model.objective.on_epoch_end(epoch)
        pair.naive.memory.clear()
    after = [ours for ours, _ in pair.weights()]
    still = [a for a, b in zip(before, after, strict=True) if (a - b).abs().max() < 1e-6]
    assert sum(one.numel() for one in still if one.ndim > 1) == 2 * WIDTH * (WIDTH // 4)


def test_the_first_stage_moves_the_networks_of_the_likelihood_alone(pair, clips):
    own = {id(p) for p in pair.model.objective.terms["lld"].parameters()}
    before = {name: p.clone() for name, p in pair.model.named_parameters()}
    pair.stage_0(clips(SAMPLES, BATCH))
    for name, parameter in pair.model.named_parameters():
        assert torch.equal(parameter, before[name]) == (id(parameter) not in own), name


def test_the_main_step_leaves_them_alone_and_passes_through_them(pair, clips):
    own = {id(p) for p in pair.model.objective.terms["lld"].parameters()}
    before = {name: p.clone() for name, p in pair.model.named_parameters() if id(p) in own}
    (inputs, batch), *_ = clips(SAMPLES, BATCH)
    pair.stage_1(inputs, batch)
    parameters = dict(pair.model.named_parameters())
    assert all(torch.equal(parameters[name], value) for name, value in before.items())
    pair.model.zero_grad()
    tensors = pair.model.graph(batch)
    objective = pair.model.objective
    _, values = objective(tensors, batch.target, batch.index, 0.3)
    values[objective.names.index("lld")].backward()
    assert pair.model.graph.encoders["text"].projection[0].weight.grad.any()


@pytest.mark.parametrize("dataset", ["mosi", "mosei"])
def test_it_checks_and_trains_on_data_of_sentiment(
    registries, one_backward, small, tiny_tables, own_home, dataset
):
    assert check("mmim", dataset, data=str(tiny_tables(dataset)), settings=small) == []
    _, _, values = one_backward(registries, small=small, method="mmim", dataset=dataset)
    assert set(values) == set(ROWS)
    assert all(math.isfinite(value) for value in values.values())


@pytest.mark.parametrize("dataset", ["ur_funny", "mintrec"])
def test_classes_need_the_entropy_dropped(small, tiny_tables, own_home, dataset):
    data = str(tiny_tables(dataset))
    (problem,) = check("mmim", dataset, data=data, settings=small)
    assert "the task is classification; leave the term out with --drop" in str(problem)
    settings = [one for one in small if "entropy" not in one]
    assert check("mmim", dataset, data=data, settings=settings, drop=["bound"]) == []


@pytest.mark.parametrize("name", WITHOUT)
def test_what_a_drop_leaves_trains_every_parameter(
    registries, one_backward, untrained, small, name
):
    spec, model, values = one_backward(registries, (), [*filter(None, [name])], small, "mmim")
    assert {one.name: len(one.rows) for one in spec.method.terms} == WITHOUT[name]
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []


def test_without_text_nothing_is_left_that_bounds_what_text_tells(registries, small):
    spec = load_spec(registries, "mmim", dataset="mosi", settings=small, drop=["text"])
    assert "entropy: dropped (--drop text)" in spec.dropped
    assert "lld: no rows left, since text was dropped" in spec.dropped


def test_a_short_run_leaves_the_name_and_the_scores(small, tiny_mosi, own_home, tmp_path):
    settings = [*small, "training.epochs=2", "training.trackers=[]"]
    (run,) = mindkit.run(
        "mmim", "mosi", data=str(tiny_mosi), settings=settings, out=tmp_path, device="cpu"
    )
    assert run.folder.name.startswith("mmim-mosi-")
    assert yaml.safe_load((run.folder / "config.yaml").read_text())["name"] == "mmim"
    assert math.isfinite(run.test["mae"])


def test_the_official_preset_differs_in_what_its_file_says_alone(registries):
    ours, theirs = (load_spec(registries, m, dataset="mosi") for m in ("mmim", "mmim_official"))
    lld = next(one for one in theirs.method.terms if one.name == "lld")
    assert (lld.block.options["log_variance"], lld.block.options["clamp"]) == (False, None)
    for modality in ("audio", "vision"):
        options = theirs.method.encoders[modality].options
        assert (options["bidirectional"], options["dropout"]) == (False, 0.0)
    assert theirs.training == ours.training
    assert theirs.method.encoders["text"] == ours.method.encoders["text"]
    assert theirs.method.fusion == ours.method.fusion


@pytest.mark.parametrize("dataset", ["mosi", "mosei"])
def test_it_has_the_authors_values(registries, dataset):
    spec = load_spec(registries, "mmim", dataset=dataset)
    training = spec.training
    assert (training.batch_size, training.epochs, training.clip.norm) == (32, 40, 1.0)
    assert (training.optimizer.rate, training.optimizer.weight_decay) == (1e-3, 1e-4)
    assert training.selection.patience == 9
    terms = {one.name: one for one in spec.method.terms}
    assert (terms["lld"].learning.per, terms["lld"].learning.rate) == ("epoch", 1e-3)
    assert {name: (one.weight, one.goal) for name, one in terms.items()} == {
        "task": (1.0, "minimize"),
        "nce": (0.1, "minimize"),
        "lld": (0.1 * 16 / 64, "maximize"),  # sums over the width
        "entropy": (0.1 * 16 / 64, "maximize"),
    }
    assert spec.method.width == 64

"""Terms and stages over time, what a head fuses, and terms that learn once an epoch."""

import pytest
import torch

from mindkit.batch import Batch
from mindkit.config.load import load_spec
from mindkit.config.spec import Reference
from mindkit.config.training import Clip
from mindkit.errors import ConfigError
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build
from mindkit.model.checking import check
from mindkit.train.device import choose_device
from mindkit.train.optim import by_turn, learning_optimizers, main_optimizer
from mindkit.train.step import learn_epoch, train_step

WIDTH, SAMPLES = 4, 5
SCHEMA = InputSchema(
    "mosi", {"audio": ("sequence", 3), "vision": ("sequence", 2)}, "regression", 1, SAMPLES
)
METHOD = """\
name: tiny
width: 4
encoders:
  audio: {type: transformer, layers: 1, heads: 2}
  vision: {type: transformer, layers: 1, heads: 2}
representations:
  specific: {type: mlp, from: sequence, dropout: 0.0}
fusion: {type: fusing, inputs: [specific.*, encoded.*]}
terms:
  task: {type: supervised, inputs: [[prediction, target]]}
  diff: {type: steps, inputs: [[specific.$m, sequence.$m]]}
  raw: {type: steps, inputs: [[features.audio, features.audio]]}
  info: {type: guess, goal: maximize, inputs: [{x: fused, z: encoded.$m}]}
"""
PLUGIN = '''\
import torch
from torch import nn

from mindkit.api import Criterion, FusionHead, MIEstimator, Stage, hookimpl


class Fusing(FusionHead):
    """Means over time and vectors side by side, and the fused vector.

    Shapes: parts (P, B, D), sequences [(B, L, D)], masks [(B, L)] -> (B, C), (B, H).
    """

    def __init__(self, parts_dim: int, num_parts: int, num_sequences: int, num_outputs: int):
        super().__init__()
        self.fused_dim = 7
        self.fuse = nn.Linear((num_parts + num_sequences) * parts_dim, 7)
        self.output = nn.Linear(7, num_outputs)

    def forward(self, parts, sequences, masks):
        means = [s.sum(1) / m.sum(1, keepdim=True) for s, m in zip(sequences, masks)]
        fused = self.fuse(torch.cat([*parts.unbind(0), *means], 1))
        return self.output(fused), fused


class Naming(Fusing):
    """Two fused vectors under names, of those that are asked for. As `fusing` else."""

    def __init__(
        self, parts_dim: int, num_parts: int, num_sequences: int, num_outputs: int,
        fused_names: tuple[str, ...] = (),
    ):
        super().__init__(parts_dim, num_parts, num_sequences, num_outputs)
        self.fused_dim = {name: width for name, width in (("joint", 7), ("audio", 2))}
        self.fused_names = fused_names

    def forward(self, parts, sequences, masks):
        prediction, fused = super().forward(parts, sequences, masks)
        return prediction, {"joint": fused, "audio": fused[:, :2]}


class Latest(Stage):
    """The last real step of a sequence, mapped. Shapes: x (B, L, D), mask (B, L) -> (B, D)."""

    def __init__(self, x_dim: int, width: int):
        super().__init__()
        self.map = nn.Linear(x_dim, width)

    def forward(self, x, mask):
        last = (mask.sum(1) - 1).clamp(min=0)
        return self.map(x.take_along_dim(last[:, None, None], 1).squeeze(1))


class Steps(Criterion):
    """Mean square over real steps, plus their number. Shapes: a (B, L, D), b (B, L, D) -> ()."""

    def forward(self, a, b, mask):
        square = ((a - b).square().mean(2) * mask).sum() / mask.sum()
        return square + mask.sum()


class Guess(MIEstimator):
    """A network of its own that guesses z from x."""

    def __init__(self, x_dim: int, z_dim: int):
        super().__init__()
        self.network = nn.Linear(x_dim, z_dim)

    def forward(self, x, z):
        return -(self.network(x) - z).square().mean()

    def learning_loss(self, x, z):
        return -self(x, z)


@hookimpl
def mindkit_register(registries):
    registries.fusion_heads.add("fusing", Fusing)
    registries.fusion_heads.add("naming", Naming)
    registries.stages.add("latest", Latest)
    registries.criteria.add("steps", Steps)
    registries.mi_estimators.add("guess", Guess)
'''


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Load the tiny method with settings: its spec and the registries."""
    folder = tmp_path_factory.mktemp("over_time")
    (folder / "own.py").write_text(PLUGIN)
    (folder / "tiny.yaml").write_text(METHOD)
    registries = load_plugins([str(folder / "own.py")]).registries

    def call(*settings, drop=()):
        method = str(folder / "tiny.yaml")
        spec = load_spec(registries, method, dataset="mosi", settings=settings, drop=drop)
        return spec, registries

    return call


@pytest.fixture
def make(load):
    """Build the tiny method with settings, the weights drawn with seed 0."""

    def call(*settings):
        spec, registries = load(*settings)
        torch.manual_seed(0)
        return build(spec, registries, SCHEMA).eval()

    return call


@pytest.fixture
def problems(load):
    """What the check finds wrong with the tiny method under settings."""

    def call(*settings, schema=SCHEMA):
        return [str(one) for one in check(*load(*settings), schema)]

    return call


def a_batch(longest=(4, 3)):
    generator = torch.Generator().manual_seed(1)
    features, masks = {}, {}
    lengths = {"audio": [1, 2, 3, 4, 2], "vision": [3, 1, 2, 1, 3]}
    for (name, width), pad in zip((("audio", 3), ("vision", 2)), longest, strict=True):
        values = torch.randn(SAMPLES, 4, width, generator=generator)
        mask = torch.arange(4) < torch.tensor(lengths[name]).unsqueeze(1)
        values, mask = values * mask.unsqueeze(2), mask
        more = pad - 4
        if more > 0:
            values = torch.nn.functional.pad(values, (0, 0, 0, more))
            mask = torch.nn.functional.pad(mask, (0, more))
        else:
            values, mask = values[:, :pad], mask[:, :pad]
        features[name], masks[name] = values, mask
    return Batch(features, masks, torch.linspace(-1, 1, SAMPLES), torch.arange(SAMPLES))


def test_the_method_is_sound(problems):
    assert problems() == []


def test_a_stage_over_time_is_applied_to_each_step_and_zero_at_padding(make):
    model = make()
    batch = a_batch()
    tensors = model.graph(batch)
    steps = tensors[Reference("specific", "audio")]
    assert steps.shape == (SAMPLES, 4, WIDTH)
    own = model.graph.stages["specific"].one(0, tensors[Reference("sequence", "audio")][3, 2])
    torch.testing.assert_close(steps[3, 2], own)
    assert (steps[~batch.masks["audio"]] == 0).all()


def test_each_modality_has_a_stage_of_its_own_unless_it_is_shared(make):
    assert len(make().graph.stages["specific"].stages) == 2
    shared = make("representations.specific.share=true")
    assert len(shared.graph.stages["specific"].stages) == 1


READ = "representations.private={type: latest, from: [sequence, specific]}"


def test_a_stage_that_takes_a_mask_reads_sequences_out(make, problems):
    settings = (READ, "fusion.inputs=[specific.*, private.*]")
    assert problems(*settings) == []
    model = make(*settings)
    tensors = model.graph(a_batch())
    stage = model.graph.stages["private"]
    for m, modality in enumerate(("audio", "vision")):
        both = torch.cat(
            [tensors[Reference(one, modality)] for one in ("sequence", "specific")], -1
        )
        last = tensors[Reference("mask", modality)].sum(1) - 1
        read = tensors[Reference("private", modality)]
        torch.testing.assert_close(read, stage.stages[m].map(both[torch.arange(SAMPLES), last]))


def test_what_was_read_out_is_a_vector_to_other_stages_and_to_terms(make, problems):
    settings = (
        READ,
        "representations.late={type: mlp, from: [private, encoded], dropout: 0.0}",
        "fusion.inputs=[specific.*, late.*]",
        "terms.diff={type: hsic, inputs: [[private.$m, late.$m]]}",
    )
    assert problems(*settings) == []
    model = make(*settings)
    tensors = model.graph(a_batch())
    both = [tensors[Reference(one, "vision")] for one in ("private", "encoded")]
    stacked = torch.stack([torch.zeros(SAMPLES, 2 * WIDTH), torch.cat(both, -1)])
    late = model.graph.stages["late"](stacked)[1]
    torch.testing.assert_close(tensors[Reference("late", "vision")], late)


def test_weights_of_a_stage_over_time_can_be_used_again(make):
    model = make(
        "representations.decoded={type: mlp, from: [specific, sequence], dropout: 0.0}",
        "representations.again={through: specific, from: decoded}",
        "terms.cycle={type: steps, inputs: [[specific.$m, again.$m]]}",
    )
    tensors = model.graph(a_batch())
    decoded = tensors[Reference("decoded", "vision")]
    own = model.graph.stages["specific"].one(1, decoded[0, 1])
    torch.testing.assert_close(tensors[Reference("again", "vision")][0, 1], own)


def test_a_term_over_time_gets_the_mask_of_its_first_argument(make):
    model = make()
    batch = a_batch()
    _, values = model.objective(model.graph(batch), batch.target, batch.index, 0.0)
    named = dict(zip(model.objective.names, values.tolist(), strict=True))
    assert named["raw"] == batch.masks["audio"].sum()
    tensors = model.graph(batch)
    expected = 0.0
    for modality in ("audio", "vision"):
        mask = batch.masks[modality]
        a, b = tensors[Reference("specific", modality)], tensors[Reference("sequence", modality)]
        expected += ((a[mask] - b[mask]) ** 2).mean().item() + mask.sum().item()
    assert named["diff"] == pytest.approx(expected / 2, rel=1e-5)


def test_nothing_depends_on_padding(make):
    model = make()
    short, long = model.graph(a_batch()), model.graph(a_batch((9, 6)))
    for name in ("prediction", "fused"):
        torch.testing.assert_close(short[Reference(name)], long[Reference(name)])


def test_a_term_on_fused_is_as_wide_as_the_head_says(make):
    model = make()
    assert model.objective.terms["info"].groups[0].components[0].network.in_features == 7


NAMED = ("fusion.type=naming", "terms.info.inputs=[{x: fused.audio, z: fused.joint}]")


def test_a_head_may_fuse_several_vectors_under_names(make, problems):
    assert problems(*NAMED) == []
    model = make(*NAMED)
    tensors = model.graph(a_batch())
    assert tensors[Reference("fused", "joint")].shape == (SAMPLES, 7)
    network = model.objective.terms["info"].groups[0].components[0].network
    assert (network.in_features, network.out_features) == (2, 7)


def test_a_head_is_told_what_terms_ask_for(make):
    assert make(*NAMED).graph.head.fused_names == ("audio", "joint")


def test_a_name_that_the_head_does_not_give_is_found(problems):
    wrong = "terms.info.inputs=[{x: fused.joined, z: encoded.$m}]"
    (problem,) = problems(NAMED[0], wrong)
    assert "the head 'naming' gives no `fused.joined`; it gives: fused.joint, fused" in problem
    (problem,) = problems(NAMED[0])
    assert "the head 'naming' gives no `fused`; it gives: fused.joint, fused.audio" in problem
    (problem,) = problems(wrong)
    assert "the head 'fusing' gives no `fused.joined`; it gives: fused" in problem


def test_what_is_fused_has_no_modalities(make):
    with pytest.raises(ConfigError, match="'fused' has no modalities; write 'fused' alone"):
        make("terms.info.inputs=[{x: fused.$m, z: encoded.$m}]")


def test_a_fused_name_is_not_taken_for_a_modality_that_was_dropped(load):
    spec, _ = load(*NAMED, drop=["audio"])
    (row,) = next(term for term in spec.method.terms if term.name == "info").rows
    assert row.arguments["x"] == (Reference("fused", "audio"),)


def test_fused_of_a_head_without_it_is_found(problems):
    (problem,) = problems("fusion.type=concat_mlp", "fusion.inputs=[encoded.*]")
    assert "the head 'concat_mlp' gives no `fused`" in problem


def test_a_vector_term_on_a_sequence_is_refused(make):
    with pytest.raises(ConfigError, match="has a time axis, and criterion 'hsic' takes vectors"):
        make("terms.diff.type=hsic")


def test_sequences_cannot_be_joined(make):
    with pytest.raises(ConfigError, match="cannot be joined with others; give it alone"):
        make("terms.diff.inputs=[[[sequence.audio, sequence.vision], sequence.audio]]")


def test_a_representation_from_sequences_asks_for_encoders_that_give_them(make):
    with pytest.raises(ConfigError, match="the encoder of audio gives no sequence"):
        make("encoders.audio={type: vector}")


def test_features_of_raw_text_are_no_input_of_a_term(problems):
    columns = {**SCHEMA.columns, "audio": ("text", None)}
    (problem,) = problems(
        "encoders.audio={type: bert}",
        schema=InputSchema("mosi", columns, "regression", 1, SAMPLES),
    )
    assert "features.audio is raw text in 'mosi', and a term takes numbers" in problem


def test_a_term_that_learns_once_an_epoch_stands_still_in_the_steps(make, load):
    spec, model = (
        load("terms.info.learning={rate: 0.1, per: epoch}")[0],
        make("terms.info.learning={rate: 0.1, per: epoch}"),
    )
    device = choose_device("cpu")
    main = main_optimizer(model, spec.training.optimizer)
    each_step, each_epoch = by_turn(model, learning_optimizers(model))
    assert not each_step and list(each_epoch) == ["info"]
    network = model.objective.terms["info"]
    before = [parameter.clone() for parameter in network.parameters()]
    others = [p.clone() for p in model.graph.parameters()]
    learn_epoch(model, [a_batch(), a_batch()], each_epoch, device)
    learned = [parameter.clone() for parameter in network.parameters()]
    assert all(not torch.equal(a, b) for a, b in zip(before, learned, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(others, model.graph.parameters(), strict=True))
    train_step(model, [a_batch()], 0.0, main, each_step, Clip(), device)
    assert all(torch.equal(a, b) for a, b in zip(learned, network.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(others, model.graph.parameters(), strict=True))

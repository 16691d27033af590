"""From a spec to a model: components alone, the meta check, and state of a term's own."""

import math

import pytest
import torch

import mindkit
from mindkit.batch import Batch
from mindkit.config.load import load_spec
from mindkit.config.spec import Clip, Reference
from mindkit.errors import ConfigError, MindkitError
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build, count_parameters
from mindkit.model.checking import check
from mindkit.model.instantiate import create
from mindkit.train.device import choose_device
from mindkit.train.optim import learning_optimizers, main_optimizer
from mindkit.train.step import train_step

SAMPLES, WIDTH = 6, 4
SCHEMA = InputSchema(
    "mosi", {"audio": ("vector", 5), "vision": ("sequence", 3)}, "regression", 1, SAMPLES
)
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
def make(with_plugin, load):
    """Build the tiny method with settings, the weights drawn with seed 0."""

    def call(*settings):
        torch.manual_seed(0)
        return build(load(*settings), with_plugin[0], SCHEMA)

    return call


@pytest.fixture
def problems(with_plugin, load):
    """What the check finds wrong with the tiny method under settings."""

    def call(*settings, schema=SCHEMA):
        return [str(one) for one in check(load(*settings), with_plugin[0], schema)]

    return call


def a_batch(rows=range(SAMPLES)):
    generator = torch.Generator().manual_seed(1)
    index = torch.tensor(list(rows))
    features = {
        "audio": torch.randn(SAMPLES, 5, generator=generator)[index],
        "vision": torch.randn(SAMPLES, 2, 3, generator=generator)[index],
    }
    masks = {"vision": torch.ones(len(index), 2, dtype=torch.bool)}
    target = torch.randn(SAMPLES, generator=generator)[index]
    return Batch(features, masks, target, index)


# Components alone


ALONE = [
    ("criteria", "hsic", {"kernel": "rbf"}, ("a", "b"), (5, 5)),
    ("criteria", "barlow_twins", {"a_dim": 5}, ("a", "b"), (5, 5)),
    ("criteria", "cyclic", {"source_dim": 5, "target_dim": 3}, ("source", "target"), (5, 3)),
    ("mi_estimators", "jsd", {"x_dim": 5, "z_dim": 3, "hidden": 8}, ("x", "z"), (5, 3)),
    (
        "reconstructions",
        "mlp_decoder",
        {"parts_dim": 5, "target_dim": 3},
        ("parts", "target"),
        (5, 3),
    ),
]


@pytest.mark.parametrize(
    ("kind", "name", "arguments", "inputs", "widths"), ALONE, ids=[one[1] for one in ALONE]
)
def test_a_built_in_loss_takes_one_pair_or_leading_axes(kind, name, arguments, inputs, widths):
    loss = mindkit.create(kind, name, **arguments)
    more = {"progress": 0.5} if name == "cyclic" else {}
    torch.manual_seed(0)
    stacked = {i: torch.randn(2, 3, 8, width) for i, width in zip(inputs, widths, strict=True)}
    values = loss(**stacked, **more)
    assert values.shape == (2, 3)
    one = loss(**{name: tensor[1, 2] for name, tensor in stacked.items()}, **more)
    assert one.shape == ()
    assert one.item() == pytest.approx(values[1, 2].item(), rel=1e-4)


def test_an_unknown_argument_is_told_all_that_are_taken(with_plugin):
    with pytest.raises(MindkitError) as raised:
        create(with_plugin[0], "criteria", "chosen", shapes="round")
    assert str(raised.value) == (
        "criterion 'chosen' takes no 'shapes'; it takes: a_dim, shape, size"
    )


def test_what_is_missing_is_told_with_the_call_that_gives_it():
    with pytest.raises(MindkitError) as raised:
        mindkit.create("mi_estimators", "jsd", hidden=8)
    assert str(raised.value) == (
        "MI estimator 'jsd' needs x_dim and z_dim too: "
        "create('mi_estimators', 'jsd', x_dim=…, z_dim=…)"
    )


def test_a_wrong_value_of_an_option_is_refused_as_in_a_config(with_plugin):
    with pytest.raises(ConfigError, match="expected 'round' or 'square', got the text 'rond'"):
        create(with_plugin[0], "criteria", "chosen", a_dim=2, shape="rond")


def test_a_component_of_a_plugin_file_can_be_created(tmp_path):
    (tmp_path / "odd.py").write_text(PLUGIN)
    plugins = [str(tmp_path / "odd.py")]
    made = mindkit.create("mi_estimators", "learned", x_dim=2, z_dim=3, plugins=plugins)
    assert made(torch.zeros(4, 2), torch.zeros(4, 3)).shape == ()


# The check on the meta device


def test_a_sound_method_has_no_problems(problems):
    assert problems() == []


def test_the_check_draws_nothing_and_touches_no_weights(problems):
    before = torch.get_rng_state()
    problems()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_head_with_the_wrong_number_of_outputs_is_found(problems):
    (problem,) = problems("fusion.type=two_numbers")
    assert "the head gives (2,) numbers a sample, but 'mosi' needs 1" in problem


def test_a_component_wired_with_what_nobody_gives_is_found(problems):
    (problem,) = problems("terms.diff.type=unfillable")
    assert "terms.diff: Unfillable is wired with 'colour', which nothing here gives" in problem
    assert "An option must stand after `*` in __init__" in problem


def test_a_loss_that_does_not_take_the_width_is_found(problems):
    (problem,) = problems("terms.diff.type=narrow")
    assert "4" in problem and "7" in problem


def test_an_option_that_the_width_refuses_is_found_with_its_place(problems):
    (problem,) = problems("encoders.vision.heads=3")
    assert "encoders.vision" in problem
    assert "heads must divide the width 4, got 3" in problem


def test_batches_that_leave_no_sample_are_found_before_training(problems):
    (problem,) = problems("training.drop_last=true", "training.batch_size=8")
    assert "training.drop_last" in problem
    assert "nothing is left of 6 training samples in batches of 8" in problem
    assert "--set training.drop_last=false" in problem
    assert problems("training.drop_last=true", "training.batch_size=6") == []


def test_a_sequence_of_an_encoder_without_sequences_is_found(problems):
    # The encoder's class gives sequences; this instance of it, by its option, does not.
    columns = {"text": ("text", None), "audio": ("vector", 5), "vision": ("vector", 3)}
    (problem,) = problems(
        "encoders={text: {type: bert, tune: none}, vision: {type: vector}}",
        "fusion.type=last_step",
        "fusion.inputs=[sequence.text]",
        schema=InputSchema("mosi", columns, "regression", 1, SAMPLES),
    )
    assert "sequence.text asks for a sequence, but encoder 'bert' of text" in problem
    assert "use encoded.text" in problem


def test_a_sequence_of_an_encoder_that_gives_one_is_sound(problems):
    settings = ["fusion.type=last_step", "fusion.inputs=[sequence.vision]", "width=4"]
    assert problems(*settings) == []


def test_a_modality_that_the_data_lack_is_found(problems):
    schema = InputSchema("mosi", {"audio": ("vector", 5)}, "regression", 1, SAMPLES)
    (problem,) = problems(schema=schema)
    assert "the data set 'mosi' has no vision; it has: audio" in problem
    assert "--drop vision" in problem


def test_a_column_of_another_kind_is_found_with_the_encoders_that_take_it(problems):
    columns = {"audio": ("sequence", 5), "vision": ("sequence", 3)}
    (problem,) = problems(schema=InputSchema("mosi", columns, "regression", 1, SAMPLES))
    assert "encoder 'vector' takes vector, but audio in 'mosi' is a sequence of width 5" in problem
    assert "--set encoders.audio.type=transformer" in problem


def test_every_column_that_does_not_fit_is_found_at_once(problems):
    columns = {"audio": ("sequence", 5), "vision": ("vector", 3)}
    assert len(problems(schema=InputSchema("mosi", columns, "regression", 1, SAMPLES))) == 2


# What is built


def test_the_same_seed_builds_the_same_weights(make):
    first, second = make().state_dict(), make().state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_only_trainable_parameters_are_counted():
    layer = torch.nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    assert count_parameters(layer) == 6


def test_the_schema_survives_the_way_through_its_file():
    assert InputSchema.from_json(SCHEMA.to_json()) == SCHEMA


REMEMBERED = "terms.memory={type: remembered, inputs: [{x: specific.audio}]}"


def test_state_per_sample_is_kept_by_the_index_of_the_sample(make):
    model = make(REMEMBERED)
    (component,) = model.objective.terms["memory"].groups[0].components
    assert component.seen.shape == (SAMPLES, WIDTH)
    model.eval()
    batch = a_batch(rows=[4, 1])
    tensors = model.graph(batch)
    model.objective(tensors, batch.target, batch.index, 0.0)
    representation = tensors[Reference("specific", "audio")]
    assert torch.equal(component.seen[[4, 1]], representation)
    assert component.seen[[0, 2, 3, 5]].eq(0).all()


def test_state_per_sample_is_saved_with_the_weights(make):
    model = make(REMEMBERED)
    batch = a_batch()
    model.objective(model.graph(batch), batch.target, batch.index, 0.0)
    saved = model.state_dict()
    (name,) = [name for name in saved if name.endswith(".seen")]
    other = make(REMEMBERED)
    assert other.state_dict()[name].eq(0).all()
    other.load_state_dict(saved)
    assert torch.equal(other.state_dict()[name], saved[name])


def test_state_per_sample_changes_the_next_loss(make):
    model = make(REMEMBERED).eval()
    batch = a_batch()
    tensors = model.graph(batch)
    place = model.objective.names.index("memory")
    first = model.objective(tensors, batch.target, batch.index, 0.0)[1][place]
    second = model.objective(tensors, batch.target, batch.index, 0.0)[1][place]
    assert first > 0
    assert second == 0


LEARNED = (
    "terms.bound={type: learned, goal: minimize, weight: 5, learning: {rate: 0.1, steps: 2}, "
    "inputs: [{x: specific.$m, z: encoded.$m}]}"
)


def one_step(model, spec, learners):
    main = main_optimizer(model, spec.training.optimizer)
    train_step(model, [a_batch()], 0.0, main, learners, Clip(), choose_device("cpu", "float32"))


def own(model):
    return dict(model.objective.terms["bound"].named_parameters())


def test_the_main_optimiser_leaves_the_parameters_of_a_learning_term_alone(make, load):
    model, spec = make(LEARNED), load(LEARNED)
    held = {
        id(p)
        for group in main_optimizer(model, spec.training.optimizer).param_groups
        for p in group["params"]
    }
    assert not held & {id(p) for p in own(model).values()}
    assert len(held) == sum(1 for _ in model.parameters()) - len(own(model))
    before = {name: value.clone() for name, value in own(model).items()}
    one_step(model, spec, {})
    assert all(torch.equal(value, before[name]) for name, value in own(model).items())


def test_the_optimiser_of_a_learning_term_moves_its_parameters_only(make, load):
    model, spec = make(LEARNED), load(LEARNED, "training.optimizer.rate=0.0")
    before = {name: value.clone() for name, value in model.named_parameters()}
    one_step(model, spec, learning_optimizers(model))
    moved = {n for n, value in model.named_parameters() if not torch.equal(value, before[n])}
    assert moved == {f"objective.terms.bound.{name}" for name in own(model)}


def test_the_optimiser_of_a_learning_term_steps_as_often_as_it_is_told(make, load):
    model, spec = make(LEARNED), load(LEARNED)
    learners = learning_optimizers(model)
    one_step(model, spec, learners)
    states = learners["bound"].state.values()
    assert {int(state["step"]) for state in states} == {2}
    assert [group["lr"] for group in learners["bound"].param_groups] == [0.1]


FREEZE = "training.optimizer.groups=[{match: 'terms.bound.*bias', freeze: true}]"


def test_a_frozen_parameter_of_a_learning_term_stays_as_it_is(make, load):
    model, spec = make(LEARNED), load(LEARNED, FREEZE)
    main = main_optimizer(model, spec.training.optimizer)
    before = {name: value.clone() for name, value in own(model).items()}
    batch, device = a_batch(), choose_device("cpu", "float32")
    train_step(model, [batch], 0.0, main, learning_optimizers(model), Clip(), device)
    moved = {name for name, value in own(model).items() if not torch.equal(value, before[name])}
    assert moved == {name for name in before if name.endswith("weight")}


def test_a_learning_term_that_is_frozen_whole_does_not_learn(make, load):
    model, spec = make(LEARNED), load(LEARNED, FREEZE.replace(".*bias", ""))
    main_optimizer(model, spec.training.optimizer)
    assert learning_optimizers(model) == {}


def test_the_main_loss_reaches_the_representations_through_a_learning_term(make, load):
    model, spec = make(LEARNED), load(LEARNED)
    one_step(model, spec, learning_optimizers(model))
    (stage,) = model.graph.stages.values()
    with_term = [parameter.grad.clone() for parameter in stage.parameters()]
    model, spec = make(), load()
    one_step(model, spec, {})
    (stage,) = model.graph.stages.values()
    without = [parameter.grad for parameter in stage.parameters()]
    assert any(not torch.allclose(a, b) for a, b in zip(with_term, without, strict=True))


def test_a_learning_term_learns(make, load):
    model, spec = make(LEARNED), load(LEARNED, "training.optimizer.rate=0.0")
    model.eval()
    learners = learning_optimizers(model)

    def loss():
        batch = a_batch()
        tensors = model.graph(batch)
        return model.objective.learning_loss("bound", tensors, batch.target).item()

    before = loss()
    for _ in range(20):
        one_step(model, spec, learners)
    assert math.isfinite(before)
    assert loss() < before / 2


# Modalities by name


def test_a_component_may_know_what_its_arguments_are_made_of(make):
    model = make(
        "fusion={type: named_parts, inputs: [specific.*, encoded.vision]}",
        "terms.diff={type: named, inputs: [[specific.$m, encoded.$m], "
        "[specific.audio, target], [[specific.audio, encoded.vision], [encoded.*]]]}",
    )
    assert model.graph.head.made_of == ("audio", "vision", "vision")
    groups = model.objective.terms["diff"].groups
    made_of = [(one.components[0].made_of, len(one.rows)) for one in groups]
    alone = [(("audio",), 1), (("audio",), 1), (("vision",), 1)]  # the first by other widths
    assert sorted(made_of) == sorted([*alone, (("audio", "vision"), 1)])

"""From a spec to a model, and state and optimisers of a term's own."""

import math

import torch

from mindkit.batch import Batch
from mindkit.config.spec import Reference
from mindkit.config.training import Clip
from mindkit.model.build import InputSchema, count_parameters
from mindkit.train.device import choose_device
from mindkit.train.optim import learning_optimizers, main_optimizer
from mindkit.train.step import train_step

SAMPLES, WIDTH = 6, 4


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


def test_the_same_seed_builds_the_same_weights(make):
    first, second = make().state_dict(), make().state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_only_trainable_parameters_are_counted():
    layer = torch.nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    assert count_parameters(layer) == 6


def test_the_schema_survives_the_way_through_its_file(schema):
    assert InputSchema.from_json(schema.to_json()) == schema


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

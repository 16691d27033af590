import logging

import pytest
import torch
from torch import nn

from mindkit.config.spec import Learning, Reference, Row, Schedule
from mindkit.kinds import Criterion
from mindkit.model.layers import Linear
from mindkit.model.objective import Objective, RowGroup, TermModule, weight_at

A, B, C = (Reference("a", m) for m in ("text", "audio", "vision"))


class Distance(Criterion):
    """Mean squared distance, banked."""

    batched = True

    def forward(self, a, b):
        return (a - b).square().mean((-1, -2))


class Projected(Criterion):
    """Mean of a banked projection."""

    batched = True

    def __init__(self, a_dim, copies):
        super().__init__()
        self.project = Linear(copies, a_dim, 1)

    def forward(self, a):
        return self.project(a).mean((-1, -2))


class Plain(Criterion):
    """Mean squared distance, one row at a time."""

    def forward(self, a, b):
        assert a.ndim == 2
        return (a - b).square().mean()


class Statistics(Distance):
    """Needs two samples."""

    min_batch = 2


def row(line, copy=None, **arguments):
    refs = {n: r if isinstance(r, tuple) else (r,) for n, r in arguments.items()}
    return Row(line, refs, copy or str((line, arguments)))


def term(groups, coefficients, weight=1.0, sign=1.0, learning=None):
    return TermModule("term", groups, coefficients, weight, sign, learning)


def value_of(module, tensors, progress=0.0):
    objective = Objective({"term": module})
    rows = len(next(iter(tensors.values())))
    total, values = objective(tensors, torch.zeros(rows), torch.arange(rows), progress)
    return total, values[0]


@pytest.fixture
def tensors():
    torch.manual_seed(0)
    return {reference: torch.randn(5, 3, dtype=torch.float64) for reference in (A, B, C)}


def test_rows_are_reduced_by_their_coefficients(tensors):
    rows = [row(0, a=A, b=B), row(0, a=A, b=C)]
    group = RowGroup([Distance()], rows, 1, [0, 0])
    _, value = value_of(term([group], [0.5, 2.0]), tensors)
    expected = 0.5 * (tensors[A] - tensors[B]).square().mean()
    expected += 2.0 * (tensors[A] - tensors[C]).square().mean()
    assert torch.isclose(value, expected)


def test_a_plain_component_gives_what_a_batched_one_gives(tensors):
    rows = [row(0, a=A, b=B), row(0, a=B, b=C)]
    _, plain = value_of(term([RowGroup([Plain()], rows, 1, [0, 0])], [1.0, 1.0]), tensors)
    _, banked = value_of(term([RowGroup([Distance()], rows, 1, [0, 0])], [1.0, 1.0]), tensors)
    assert torch.isclose(plain, banked)


def test_rows_with_one_copy_share_its_parameters(tensors):
    component = Projected(3, copies=2).double()
    rows = [row(0, "x", a=A), row(0, "y", a=B), row(1, "x", a=C), row(1, "y", a=A)]
    group = RowGroup([component], rows, 2, [0, 1, 0, 1])
    values = group(tensors, {}, context(5))
    for position, (reference, copy) in enumerate([(A, 0), (B, 1), (C, 0), (A, 1)]):
        weight, bias = component.project.weight[copy], component.project.bias[copy]
        assert torch.isclose(values[position], (tensors[reference] @ weight + bias).mean())


def test_several_references_are_concatenated_on_the_width(tensors):
    component = Projected(9, copies=1).double()
    group = RowGroup([component], [row(0, a=(A, B, C))], 1, [0])
    whole = torch.cat([tensors[A], tensors[B], tensors[C]], -1)
    expected = component(whole)
    assert torch.isclose(group(tensors, {}, context(5))[0], expected)


def test_maximising_turns_the_sign_of_the_total_and_not_of_the_value(tensors):
    group = RowGroup([Distance()], [row(0, a=A, b=B)], 1, [0])
    total, value = value_of(term([group], [1.0], weight=0.5, sign=-1.0), tensors)
    assert value > 0
    assert torch.isclose(total, -0.5 * value)


def test_a_weight_can_follow_a_schedule(tensors):
    weight = Schedule(start=0.0, end=2.0, until=0.5)
    group = RowGroup([Distance()], [row(0, a=A, b=B)], 1, [0])
    total, value = value_of(term([group], [1.0], weight=weight), tensors, progress=0.25)
    assert torch.isclose(total, 1.0 * value)


@pytest.mark.parametrize(
    ("shape", "expected"), [("linear", 0.25), ("cosine", 0.1464466), ("dann", 0.8482836)]
)
def test_schedules_have_the_shape_they_name(shape, expected):
    assert weight_at(Schedule(0.0, 1.0, 1.0, shape), 0.25) == pytest.approx(expected, abs=1e-7)


def test_too_small_a_batch_gives_an_attached_zero_and_one_warning(caplog):
    leaf = torch.randn(1, 3, requires_grad=True)
    group = RowGroup([Statistics()], [row(0, a=A, b=B)], 1, [0])
    module = term([group], [1.0])
    with caplog.at_level(logging.WARNING, "mindkit"):
        for _ in range(2):
            _, value = value_of(module, {A: leaf, B: torch.randn(1, 3)})
    assert value.item() == 0
    value.backward()
    assert torch.equal(leaf.grad, torch.zeros(1, 3))
    assert [record.message for record in caplog.records] == [
        "term 'term' needs batch statistics and was taken as 0 for a batch of 1 sample(s); "
        "set training.drop_last=true to leave such batches out"
    ]


def test_progress_and_index_are_given_to_those_who_ask(tensors):
    class Asks(Criterion):
        def forward(self, a, *, progress, index):
            return a.sum() * 0 + progress + index.sum()

    _, value = value_of(term([RowGroup([Asks()], [row(0, a=A)], 1, [0])], [1.0]), tensors, 0.5)
    assert value.item() == 0.5 + 10


def test_half_precision_is_widened_before_any_term():
    class Sees(Criterion):
        def forward(self, a):
            assert a.dtype == torch.float32
            return a.mean()

    value_of(
        term([RowGroup([Sees()], [row(0, a=A)], 1, [0])], [1.0]), {A: torch.ones(2, 3).bfloat16()}
    )


def test_a_terms_own_loss_reaches_its_parameters_and_not_the_representations(tensors):
    class Learns(Criterion):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones((), dtype=torch.float64))

        def forward(self, a):
            return (self.weight * a).mean()

        def learning_loss(self, a):
            return (self.weight * a).square().mean()

    module = term([RowGroup([Learns()], [row(0, a=A)], 1, [0])], [1.0], learning=Learning())
    leaf = tensors[A].requires_grad_()
    objective = Objective({"term": module})
    objective.learning_loss("term", {A: leaf}, torch.zeros(5)).backward()
    assert module.groups[0].components[0].weight.grad is not None
    assert leaf.grad is None


def context(rows):
    from mindkit.model.objective import Context

    return Context(0.0, torch.arange(rows))


def test_a_mean_of_three_is_exact_in_float64(tensors):
    rows = [row(0, a=A, b=B), row(0, a=A, b=C), row(0, a=B, b=C)]
    module = term([RowGroup([Distance()], rows, 1, [0, 0, 0])], [1 / 3] * 3)
    values = [(tensors[x] - tensors[y]).square().mean() for x, y in ((A, B), (A, C), (B, C))]
    _, value = value_of(module.double(), tensors)
    assert value.item() == pytest.approx(sum(values).item() / 3, rel=1e-14)

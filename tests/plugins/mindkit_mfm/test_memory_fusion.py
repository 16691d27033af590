import math
from types import SimpleNamespace

import pytest
import torch

from mindkit_mfm.memory_fusion import MemoryFusion

HIDDEN = {"text": 3, "audio": 2}
SMALL = {
    "hidden": HIDDEN,
    "memory": 4,
    "attention": 5,
    "candidate": 6,
    "retain": 3,
    "update": 2,
    "joint": 5,
    "factor": 4,
    "attention_dropout": 0.0,
    "update_dropout": 0.0,
}


@pytest.fixture
def head():
    torch.manual_seed(0)
    return MemoryFusion(3, tuple(HIDDEN), 2, **SMALL).double()


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def relu(value):
    return max(value, 0.0)


def written_out(head, naive, x):
    """The memory fusion network on one sample, {modality: steps}, number by number."""

    def mlp(network, values):
        return naive.network(values, [network[0], network[3]], relu)

    hidden = {m: [0.0] * n for m, n in HIDDEN.items()}
    cells = {m: [0.0] * n for m, n in HIDDEN.items()}
    memory = [0.0] * 4
    for step in range(len(x["text"])):
        before = [c for m in HIDDEN for c in cells[m]]
        for number, (m, size) in enumerate(HIDDEN.items()):
            cell = head.cells[number]
            made = naive.affine(
                x[m][step], SimpleNamespace(weight=cell.weight_ih, bias=cell.bias_ih)
            )
            kept = naive.affine(
                hidden[m], SimpleNamespace(weight=cell.weight_hh, bias=cell.bias_hh)
            )
            gates = [a + b for a, b in zip(made, kept, strict=True)]
            i, f, g, o = (gates[size * k : size * (k + 1)] for k in range(4))
            cells[m] = [
                sigmoid(f[k]) * cells[m][k] + sigmoid(i[k]) * math.tanh(g[k]) for k in range(size)
            ]
            hidden[m] = [sigmoid(o[k]) * math.tanh(cells[m][k]) for k in range(size)]
        both = before + [c for m in HIDDEN for c in cells[m]]
        scores = [math.exp(s) for s in mlp(head.attend, both)]
        attended = [s / sum(scores) * c for s, c in zip(scores, both, strict=True)]
        proposed = [math.tanh(v) for v in mlp(head.propose, attended)]
        keep = [sigmoid(v) for v in mlp(head.retain, attended + memory)]
        take = [sigmoid(v) for v in mlp(head.update, attended + memory)]
        memory = [k * u + t * p for k, u, t, p in zip(keep, memory, take, proposed, strict=True)]
    joint = naive.affine([h for m in HIDDEN for h in hidden[m]] + memory, head.join)
    factor = [relu(v) for v in naive.network(joint, [head.factor[0], head.factor[3]], relu)]
    return mlp(head.predict, factor), joint, factor


def test_it_is_the_network_written_out_on_each_sample(head, naive, draw):
    lengths = [4, 1, 3]
    sequences = [draw(3, 4, 3), draw(3, 4, 3)]
    mask = torch.arange(4) < torch.tensor(lengths).unsqueeze(1)
    prediction, fused = head(sequences, [mask, mask])
    for sample, length in enumerate(lengths):
        x = {m: s[sample, :length].tolist() for m, s in zip(HIDDEN, sequences, strict=True)}
        expected = written_out(head, naive, x)
        for value, numbers in zip(
            (prediction, fused["joint"], fused["factor"]), expected, strict=True
        ):
            torch.testing.assert_close(value[sample], torch.tensor(numbers, dtype=torch.float64))


def test_padding_of_any_length_and_content_does_not_matter(head, draw):
    sequences, mask = [draw(2, 3, 3), draw(2, 3, 3)], torch.ones(2, 3, dtype=torch.bool)
    mask[1, 2] = False
    longer = [torch.cat([s, draw(2, 2, 3)], 1) for s in sequences]
    junk = [s.where(torch.nn.functional.pad(mask, (0, 2))[..., None], 9.0) for s in longer]
    padded = torch.nn.functional.pad(mask, (0, 2))
    torch.testing.assert_close(head(junk, [padded, padded])[0], head(sequences, [mask, mask])[0])


def test_a_modality_that_has_ended_stands_still_while_another_goes_on(head, draw):
    x, y = draw(1, 4, 3), draw(1, 2, 3)
    real = torch.ones(1, 4, dtype=torch.bool)
    short = head([x, y], [real, real[:, :2]])[1]["joint"]
    longer = torch.cat([y, draw(1, 2, 3)], 1)
    ended = torch.tensor([[True, True, False, False]])
    torch.testing.assert_close(head([x, longer], [real, ended])[1]["joint"], short)
    assert not torch.allclose(head([x, longer], [real, real])[1]["joint"], short)


def test_the_factor_and_the_joint_vector_have_the_widths_that_are_declared(head, draw):
    real = torch.ones(2, 3, dtype=torch.bool)
    _, fused = head([draw(2, 3, 3), draw(2, 3, 3)], [real, real])
    assert {name: one.shape[1] for name, one in fused.items()} == head.fused_dim
    assert (fused["factor"] >= 0).all()


@pytest.mark.parametrize(
    ("option", "place"),
    [
        ("attention_dropout", "attend"),
        ("candidate_dropout", "propose"),
        ("retain_dropout", "retain"),
        ("update_dropout", "update"),
        ("factor_dropout", "factor"),
        ("dropout", "predict"),
    ],
)
def test_each_network_has_its_own_dropout(option, place):
    head = MemoryFusion(3, ("text",), 1, **{option: 0.3})
    assert getattr(head, place)[2].p == 0.3


def test_widths_for_a_modality_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match="hidden names 'vision'"):
        MemoryFusion(3, ("text",), 1, hidden={"text": 3, "vision": 2})

import math

import pytest
import torch

from mindkit_dmd.graph_distillation import GraphDistillation

PRIORS = {"first": [0, 0, 1, 0, 1, 0], "order": [0, 0, 1, 0, 1, 1]}  # the authors' six edges
EDGES = ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1))  # (student, teacher)


def softmax(values):
    total = sum(math.exp(v) for v in values)
    return [math.exp(v) / total for v in values]


def written_out(unit, naive, logits, vectors, prior, distance, weight):
    """The value of three modalities, sample by sample and edge by edge; C = 1, width 4."""
    pi = softmax([p / 0.25 for p in PRIORS[prior]])
    size = len(logits)
    means, total = [0.0] * 6, 0.0
    for logit, vector in zip(logits.tolist(), vectors.tolist(), strict=True):
        parts = [vector[4 * m : 4 * m + 4] for m in range(3)]
        z = [
            naive.affine([logit[m]], unit.of_logit) + naive.affine(parts[m], unit.of_representation)
            for m in range(3)
        ]
        weights = unit.of_edge.weight.detach()[0].tolist()
        scores = [sum(a * b for a, b in zip(weights, z[j] + z[i], strict=True)) for j, i in EDGES]
        strength = softmax([score / 8 for score in scores])
        for edge, (j, i) in enumerate(EDGES):
            means[edge] += strength[edge] / size
            u, v = parts[j], parts[i]
            if distance == "l1":
                gap = sum(abs(a - b) for a, b in zip(u, v, strict=True)) / 4
            else:
                dot = sum(a * b for a, b in zip(u, v, strict=True))
                gap = max(0.0, dot / (math.hypot(*u) * math.hypot(*v)))
            both = strength[edge] + pi[edge]
            total += both * (abs(logit[j] - logit[i]) + weight * gap) / size
    return total + 10 * sum((m - p) ** 2 for m, p in zip(means, pi, strict=True))


@pytest.mark.parametrize("weight", [0.0, 10.0])
@pytest.mark.parametrize("distance", ["l1", "apart"])
@pytest.mark.parametrize("prior", PRIORS)
def test_it_is_the_unit_written_out_with_the_authors_edges(naive, draw, prior, distance, weight):
    torch.manual_seed(0)
    unit = GraphDistillation(
        3, 12, 1, prior=prior, distance=distance, size=5, representation_weight=weight
    ).double()
    logits, vectors = draw(4, 3), draw(4, 12)
    expected = written_out(unit, naive, logits, vectors, prior, distance, weight)
    assert unit(logits, vectors).item() == pytest.approx(expected, abs=1e-9)


def test_teachers_get_no_gradient_from_the_distances(draw):
    unit = GraphDistillation(3, 12, 1, prior_weight=0.0).double()
    with torch.no_grad():
        for parameter in unit.of_edge.parameters():
            parameter.zero_()  # all edges alike, so that strengths have no gradient
    logits, vectors = draw(4, 3).requires_grad_(), draw(4, 12)
    unit.representation_weight = 0.0
    unit(logits, vectors).backward()
    pi = softmax([p / 0.25 for p in PRIORS["first"]])
    expected = torch.zeros(4, 3).double()
    for edge, (j, i) in enumerate(EDGES):
        sign = (logits[:, j] - logits[:, i]).detach().sign()
        expected[:, j] += (1 / 6 + pi[edge]) * sign / 4
    torch.testing.assert_close(logits.grad, expected)


def test_representations_are_pushed_apart_as_in_the_authors_code(draw):
    unit = GraphDistillation(2, 4, 1, prior_weight=0.0, representation_weight=1e4).double()
    vectors = torch.tensor([[1.0, 0.2, 0.8, 0.6]]).double().requires_grad_()
    unit(draw(1, 2), vectors).backward()
    moved = (vectors - 1e-6 * vectors.grad).detach()
    cosine = torch.nn.functional.cosine_similarity
    assert cosine(moved[:, :2], moved[:, 2:]) < cosine(vectors[:, :2], vectors[:, 2:])


def test_two_modalities_have_two_edges_and_one_has_none(draw):
    assert len(GraphDistillation(2, 8, 1).edges) == 2
    alone = GraphDistillation(1, 4, 1)
    assert list(alone.parameters()) == []
    logits = draw(3, 1).requires_grad_()
    value = alone(logits, draw(3, 4))
    value.backward()
    assert value == 0


def test_the_weight_of_the_prior_scales_its_distance(draw):
    torch.manual_seed(0)
    unit = GraphDistillation(3, 12, 1).double()
    logits, vectors = draw(4, 3), draw(4, 12)
    values = []
    for weight in (0.0, 1.0, 2.0):
        unit.prior_weight = weight
        values.append(unit(logits, vectors).item())
    assert values[2] - values[1] == pytest.approx(values[1] - values[0])
    assert values[1] > values[0]

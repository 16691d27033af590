import pytest
import torch

from mindkit_basics.criteria.labels import refuse_alike, same_label

NUMBERS = [-2.6, -0.5, 0.0, 0.5, 0.4, 1.5, 2.4]
RULES = {
    "rounded": lambda p, q: round(p) == round(q),  # Python rounds half to even too
    "sign": lambda p, q: (p > 0) - (p < 0) == (q > 0) - (q < 0),
    0.5: lambda p, q: abs(p - q) <= 0.5,
    0.0: lambda p, q: p == q,
}


@pytest.mark.parametrize("alike", RULES)
def test_numbers_are_alike_by_the_rule(alike):
    expected = [[RULES[alike](p, q) for q in NUMBERS] for p in NUMBERS]
    found = same_label(torch.tensor(NUMBERS, dtype=torch.float64), alike)
    assert found.tolist() == expected


@pytest.mark.parametrize("alike", ["rounded", "sign", 2.0])
def test_classes_are_alike_where_equal(alike):
    expected = [[True, False, True], [False, True, False], [True, False, True]]
    assert same_label(torch.tensor([2, 1, 2]), alike).tolist() == expected


def test_each_row_of_labels_is_on_its_own(draw):
    labels = draw(2, 3, 5)
    together = same_label(labels, "sign")
    assert torch.equal(together[1, 2], same_label(labels[1, 2], "sign"))


def test_a_negative_distance_is_refused():
    with pytest.raises(ValueError, match=r"0 or more, rounded or sign, got -0\.1"):
        refuse_alike(-0.1)

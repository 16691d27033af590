"""Components alone."""

from pathlib import Path

import pytest
import torch

import mindkit
from mindkit.errors import ConfigError, MindkitError
from mindkit.model.instantiate import create

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


def test_a_component_of_a_plugin_file_can_be_created(with_plugin):
    plugins = [str(Path(with_plugin[1]).with_name("odd.py"))]
    made = mindkit.create("mi_estimators", "learned", x_dim=2, z_dim=3, plugins=plugins)
    assert made(torch.zeros(4, 2), torch.zeros(4, 3)).shape == ()

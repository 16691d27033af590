import pytest
import torch
from torch import nn

from mindkit.errors import MindkitError
from mindkit.kinds import Criterion, FusionHead
from mindkit.testing.build import AXES, Shapes, Subject, call, parse_shapes, wire


class Projected(Criterion):
    """Mean of a projection. Shapes: a (B, D), b (B, E) -> ().

    scale: factor.
    """

    def __init__(self, a_dim: int, b_dim: int, num_samples: int, *, scale: float = 1.0) -> None:
        super().__init__()
        self.sizes = a_dim, b_dim, num_samples
        self.weight = nn.Parameter(torch.ones(a_dim))
        self.scale = scale

    def forward(self, a, b):
        return self.scale * (a @ self.weight).mean() + b.mean()


class Attending(FusionHead):
    """Mean over time. Shapes: sequences [(B, L, D)], masks [(B, L)] -> (B, C)."""

    def forward(self, sequences, masks):
        means = [(s * m[..., None]).sum(1) for s, m in zip(sequences, masks, strict=True)]
        return torch.stack(means).sum(0)[:, :1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mean. Shapes: a (B, D), b (B, D) -> ().", [({"a": "B D", "b": "B D"}, [""])]),
        ("Shapes: x (..., B, D) ->\n    (...). More.", [({"x": "... B D"}, ["..."])]),
        (
            "Shapes: x (B, L), mask (B, L) -> (B, D), (B, L, D) when tuned; x (B, H) -> (B, D) "
            "when frozen. The end.",
            [({"x": "B L", "mask": "B L"}, ["B D", "B L D"]), ({"x": "B H"}, ["B D"])],
        ),
    ],
)
def test_a_shapes_line_is_read(text, expected):
    read = [
        ({n: " ".join(a) for n, a in s.inputs.items()}, [" ".join(a) for a in s.outputs])
        for s in parse_shapes(text)
    ]
    assert read == expected


@pytest.mark.parametrize("text", ["", "No such line.", "Shapes: whatever fits", "Shapes: a -> b"])
def test_what_is_no_shapes_line_is_none(text):
    assert parse_shapes(text) == []


def test_a_shapes_line_is_written_as_it_is_read():
    text = "a (..., B, D), b (..., B) -> (...)"
    assert str(parse_shapes(f"Shapes: {text}.")[0]) == text


def test_outputs_may_have_names():
    text = "parts (P, B, D) -> (B, C), joint (B, H)"
    (shapes,) = parse_shapes(f"Shapes: {text}.")
    assert shapes.names == ("", "joint")
    assert str(shapes) == text


class Naming(FusionHead):
    """Sum of the parts, and itself under two names.

    Shapes: parts (P, B, D) -> (B, C), whole (B, H), half (B, H).
    """

    def __init__(self, parts_dim: int, fused_names: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.fused_dim = {"whole": parts_dim, "half": parts_dim // 2}
        self.fused_names = fused_names

    def forward(self, parts):
        whole = parts.sum(0)
        return whole[:, :1], {"whole": whole, "half": whole[:, : whole.shape[1] // 2]}


def test_a_head_that_gives_several_is_told_their_names_and_measured_by_each():
    subject = Subject("fusion_heads", "naming", Naming)
    module = subject.make()
    assert module.fused_names == ("whole", "half")
    found = [tuple(one.shape) for one in call(module, subject.feed())]
    batch, width = AXES["B"], AXES["D"]
    assert found == [(batch, 1), (batch, width), (batch, width // 2)]
    assert subject.expected(subject.shapes()[0], fused=module) == found


def test_a_head_of_several_streams_is_wired_with_each_modality_as_often():
    class Streams(FusionHead):
        """Nothing. Shapes: sequences [(B, L, D)], masks [(B, L)] -> (B, C)."""

        streams = 2

        def __init__(self, sequences_modalities: tuple[str, ...]) -> None:
            super().__init__()
            self.modalities = sequences_modalities

    assert wire(Streams).modalities == ("text", "text")


def test_side_by_side_widths_may_be_those_of_predictions():
    class Several(Criterion):
        """Sum of several predictions. Shapes: logits (B, MC) -> ()."""

        def __init__(self, logits_dim: int, num_outputs: int) -> None:
            super().__init__()
            self.sizes = logits_dim, num_outputs

    assert wire(Several).sizes == (AXES["M"], 1)
    assert wire(Several, num_outputs=3).sizes == (3 * AXES["M"], 3)


def test_modalities_are_as_many_as_what_they_name():
    class Made(Criterion):
        """Knows of what it is made. Shapes: a (B, MD), b (B, D) -> ()."""

        def __init__(self, a_modalities: tuple[str, ...], b_modalities: tuple[str, ...]) -> None:
            super().__init__()
            self.made_of = a_modalities, b_modalities

    a, b = wire(Made).made_of
    assert (len(set(a)), len(b)) == (AXES["M"], 1)
    assert wire(Made, b_modalities=("smell",)).made_of == (a, ("smell",))


def test_widths_are_those_of_the_named_axes():
    assert wire(Projected).sizes == (AXES["D"], AXES["E"], AXES["B"])


def test_sizes_and_options_override():
    module = wire(Projected, options={"scale": 2.0}, a_dim=3)
    assert module.sizes[0] == 3
    assert module.scale == 2.0


def test_what_nothing_wires_is_an_error():
    class Unknown(Criterion):
        def __init__(self, mystery: int) -> None:
            super().__init__()

    with pytest.raises(MindkitError, match="wired with 'mystery', which nothing here gives"):
        wire(Unknown)


def test_lists_of_tensors_are_fed_as_lists():
    subject = Subject("fusion_heads", "attending", Attending)
    inputs = subject.feed()
    assert [len(inputs["sequences"]), len(inputs["masks"])] == [AXES["P"], AXES["P"]]
    assert call(wire(Attending), inputs)[0].shape == (AXES["B"], 1)


def test_masks_have_lengths_from_one_to_all():
    mask = Subject("fusion_heads", "attending", Attending).feed()["masks"][0]
    assert sorted(set(mask.sum(1).tolist())) == list(range(1, AXES["L"] + 1))
    assert (mask.int().diff(dim=1) <= 0).all()


def test_a_reading_can_be_constructed_by_hand():
    assert str(Shapes({"a": ("B",)}, ((),))) == "a (B) -> ()"

import torch
from torch import nn

from mindkit.batch import Batch
from mindkit.config.spec import Reference
from mindkit.kinds import Encoder, FusionHead
from mindkit.model.graph import Graph, PerModality, StageNode

WIDTH = 4


class Take(Encoder):
    """Hand on the vector."""

    accepts = ("vector",)

    def forward(self, x):
        return x


class Attend(Encoder):
    """Mean over time, and the sequence."""

    sequential = True

    def forward(self, x, mask):
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True), x


class Sum(FusionHead):
    """Sum of everything it is given."""

    def forward(self, parts, sequences=(), masks=()):
        total = parts.sum((0, 2))
        for sequence, mask in zip(sequences, masks, strict=True):
            total = total + (sequence.sum(2) * mask).sum(1)
        return total[:, None]


def make_graph(nodes, fusion, encoders=None, stages=None):
    encoders = encoders or {"text": Take(), "audio": Take()}
    return Graph(encoders, stages or {}, nodes, Sum(), fusion)


def make_batch(**features):
    rows = len(next(iter(features.values())))
    masks = {
        m: torch.ones(x.shape[:2], dtype=torch.bool) for m, x in features.items() if x.ndim > 2
    }
    return Batch(features, masks, torch.zeros(rows), torch.arange(rows))


def test_noise_goes_through_the_weights_of_the_stage_it_names():
    stage = nn.Linear(WIDTH, WIDTH)
    nodes = [
        StageNode("specific", ("encoded",), "specific"),
        StageNode("noise", ("gaussian",), "specific"),
    ]
    graph = make_graph(nodes, [Reference("specific", "text")], stages={"specific": stage})
    tensors = graph(make_batch(text=torch.randn(3, WIDTH), audio=torch.randn(3, WIDTH)))
    drawn = tensors[Reference("gaussian", "audio")]
    assert torch.equal(tensors[Reference("noise", "audio")], stage(drawn))


def test_a_prediction_draws_no_noise():
    nodes = [
        StageNode("specific", ("encoded",), "specific"),
        StageNode("noise", ("gaussian",), "specific"),
    ]
    stages = {"specific": nn.Identity()}
    graph = make_graph(nodes, [Reference("specific", "text")], stages=stages)
    batch = make_batch(text=torch.randn(3, WIDTH), audio=torch.randn(3, WIDTH))
    before = torch.get_rng_state()
    tensors = graph(batch, everything=False)
    assert torch.equal(torch.get_rng_state(), before)
    assert Reference("noise", "text") not in tensors
    expected = graph(batch)[Reference("prediction")]
    assert torch.equal(tensors[Reference("prediction")], expected)


def test_only_the_ancestors_of_the_fusion_are_computed_for_a_prediction():
    class Fails(nn.Module):
        def forward(self, x):
            raise AssertionError("not needed for the prediction")

    nodes = [
        StageNode("invariant", ("encoded",), "invariant"),
        StageNode("other", ("encoded",), "other"),
    ]
    stages = {"invariant": nn.Identity(), "other": Fails()}
    graph = make_graph(nodes, [Reference("invariant", "text")], stages=stages)
    graph(make_batch(text=torch.ones(2, WIDTH), audio=torch.ones(2, WIDTH)), everything=False)


def test_sequences_reach_the_head_with_their_masks():
    graph = make_graph(
        [],
        [Reference("encoded", "text"), Reference("sequence", "audio")],
        encoders={"text": Take(), "audio": Attend()},
    )
    batch = make_batch(text=torch.ones(1, WIDTH), audio=torch.ones(1, 3, WIDTH))
    batch.masks["audio"][0, 2] = False
    prediction = graph(batch)[Reference("prediction")]
    assert prediction.item() == WIDTH + 2 * WIDTH


def test_a_plain_stage_is_applied_to_each_modality_with_its_own_weights():
    stages = [nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)]
    x = torch.randn(2, 3, WIDTH)
    out = PerModality(stages)(x)
    assert torch.allclose(out[1], stages[1](x[1]))


def test_one_plain_stage_is_shared_by_all_modalities():
    stage = nn.Linear(WIDTH, WIDTH)
    x = torch.randn(3, 2, WIDTH)
    assert torch.allclose(PerModality([stage])(x), stage(x))

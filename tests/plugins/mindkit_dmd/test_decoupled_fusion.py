import pytest
import torch

from mindkit.model.attention import last_step
from mindkit_dmd.decoupled_fusion import NAMES, DecoupledFusion

MODALITIES = ("text", "vision", "audio")
SMALL = {"layers": 1, "heads": 2, "dropout": 0.0, "length": 6}


def make(modalities=MODALITIES, names=NAMES, outputs=1, **options):
    torch.manual_seed(0)
    return DecoupledFusion(4, modalities * 2, outputs, names, **SMALL | options).double().eval()


@pytest.fixture
def streams(draw):
    """Private and shared sequences of two samples of three modalities, and their masks."""
    lengths = {0: [4, 2], 1: [3, 1], 2: [2, 5]}
    masks = []
    for m in range(3):
        masks.append(torch.arange(max(lengths[m])) < torch.tensor(lengths[m]).unsqueeze(1))
    sequences = [draw(2, mask.shape[1], 4) * mask.unsqueeze(2) for mask in masks * 2]
    return sequences, masks * 2


def residual(answer, x):
    """x + W2 ReLU(W1 x), and the linear answer from it."""
    first, last = answer.hidden[0], answer.hidden[3]
    vector = x + last.weight @ (first.weight @ x + first.bias).clamp(min=0) + last.bias
    return answer.answer.weight @ vector + answer.answer.bias, vector


def test_branches_and_output_are_those_of_the_paper_written_out(streams):
    head = make()
    sequences, masks = streams
    prediction, fused = head(sequences, masks)
    gathered = head.crossmodal(sequences[:3], masks[:3])
    for k in range(2):
        parts, commons = [], []
        for m in range(3):
            h = last_step(gathered[m], masks[m])[k]
            logit, vector = residual(head.heterogeneous[m], h)
            torch.testing.assert_close(fused["heterogeneous_logits"][k, m : m + 1], logit)
            torch.testing.assert_close(fused["heterogeneous"][k, 8 * m : 8 * m + 8], vector)
            parts.append(torch.sigmoid(head.gates[m].weight @ h + head.gates[m].bias))
            x, mask = sequences[3 + m], masks[m]
            attended = head.attend[m](x, mask, x, mask)
            commons.append(attended[k, int(mask[k].sum()) - 1])
            steps = torch.zeros(24).double()
            real = int(mask[k].sum())
            steps[: 4 * real] = x[k, :real].flatten()
            branch = head.homogeneous[m]
            vector = branch.narrow.weight @ steps + branch.narrow.bias
            wide = branch.widen[2].weight @ vector.clamp(min=0) + branch.widen[2].bias
            logit = branch.answer.weight @ (steps + wide) + branch.answer.bias
            torch.testing.assert_close(fused["homogeneous"][k, 4 * m : 4 * m + 4], vector)
            torch.testing.assert_close(fused["homogeneous_logits"][k, m : m + 1], logit)
        common = torch.cat(commons)
        torch.testing.assert_close(fused["common_logits"][k], residual(head.common, common)[0])
        gate = torch.sigmoid(head.common_gate.weight @ common + head.common_gate.bias)
        expected, _ = residual(head.predict, torch.cat([*parts, gate]))
        torch.testing.assert_close(prediction[k], expected)


@pytest.mark.parametrize("causal", [False, True])
def test_padding_and_batch_mates_do_not_matter(streams, causal):
    head = make(causal=causal)
    sequences, masks = streams
    together, fused = head(sequences, masks)
    longer = [torch.nn.functional.pad(s, (0, 0, 0, 3)) for s in sequences]
    padded = [torch.nn.functional.pad(m, (0, 3)) for m in masks]
    again, fused_again = head(longer, padded)
    torch.testing.assert_close(again, together)
    torch.testing.assert_close(fused_again, fused)
    alone, _ = head([s[:1] for s in sequences], [m[:1] for m in masks])
    torch.testing.assert_close(alone, together[:1])


def test_each_vector_has_the_width_that_is_declared(streams):
    head = make(outputs=2)
    _, fused = head(*streams)
    assert {name: one.shape[1] for name, one in fused.items()} == head.fused_dim


@pytest.mark.parametrize(
    ("names", "built"),
    [
        ((), set()),
        (("common_logits",), {"common"}),
        (("homogeneous_logits",), {"homogeneous"}),
        (("heterogeneous_logits", "heterogeneous"), {"heterogeneous"}),
    ],
)
def test_what_nothing_asks_for_has_no_weights_and_the_prediction_is_the_same(streams, names, built):
    head, whole = make(names=names), make()
    state = head.state_dict()
    auxiliary = {"common", "homogeneous", "heterogeneous"}
    assert {key.split(".")[0] for key in state} & auxiliary == built
    head.load_state_dict({key: whole.state_dict()[key] for key in state})
    torch.testing.assert_close(head(*streams)[0], whole(*streams)[0])


def test_one_modality_attends_to_itself(draw):
    head = make(("text",))
    mask = torch.ones(2, 3, dtype=torch.bool)
    prediction, fused = head([draw(2, 3, 4), draw(2, 3, 4)], [mask, mask])
    assert prediction.shape == (2, 1) and fused["heterogeneous"].shape == (2, 4)


def test_attention_drops_out_by_the_modality_attended_to():
    head = make(attention_dropout={"text": 0.3, "vision": 0.0, "audio": 0.2}, memory_dropout=0.1)
    crossing = [[one.layers[0].attention for one in row] for row in head.crossmodal.crossing]
    assert crossing == [[0.0, 0.2], [0.3, 0.2], [0.3, 0.0]]
    assert [one.layers[0].attention for one in head.attend] == [0.3, 0.0, 0.2]
    assert {one.layers[0].attention for one in head.crossmodal.memory} == {0.1}
    assert [len(one.layers) for one in head.crossmodal.memory] == [3, 3, 3]


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="heads must divide the width 4, got 3"):
        make(heads=3)

import pytest
import torch

from mindkit_basics.heads.gated_concat import GatedConcat


@pytest.mark.parametrize("product", [True, False])
def test_each_part_has_a_gate_of_its_own(draw, product):
    head = GatedConcat(4, 3, 2, product=product).double().eval()
    parts = draw(3, 5, 4)
    passed = []
    for number, part in enumerate(parts):
        gate = torch.sigmoid(part @ head.gate.weight[number] + head.gate.bias[number])
        passed.append(gate * part if product else gate)
    fused = torch.cat(passed, 1)
    hidden = head.hidden[3](head.hidden[0](fused).relu())
    torch.testing.assert_close(head(parts), head.predict(fused + hidden))

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mindkit.api import LayerNorm, Linear, Stage


class Mlp(Stage):
    """Map each vector by one or two linear layers with an activation.

    Shapes: x (..., B, D) -> (..., B, D).

    E_S and E_P of MInD eq. 2 to 4. The paper says "simple linear network with the activation
    function of GeLU" (layers 1: Linear -> GELU); the authors' code is Linear -> GELU -> LayerNorm
    -> dropout -> Linear -> GELU (layers 2).

    layers: number of linear layers, 1 or 2.
    activation: behind each linear layer; MISA's encoders are one layer with a sigmoid.
    end: whether the last linear layer has its activation, or ends the map (FDMER, reconstructed).
    dropout: probability of zeroing a hidden unit, 0 to 1; one layer has no hidden unit.
    normalize: whether the hidden units are layer-normalised; one layer has none.
    """

    batched = True

    def __init__(
        self,
        x_dim: int,
        width: int,
        copies: int,
        *,
        layers: int = 2,
        activation: Literal["gelu", "relu", "sigmoid", "tanh"] = "gelu",
        end: Literal["activation", "linear"] = "activation",
        dropout: float = 0.35,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        if layers not in (1, 2):
            raise ValueError(f"layers must be 1 or 2, got {layers}")
        steps: list[nn.Module] = [Linear(copies, x_dim, width), _ACTIVATIONS[activation]()]
        if layers == 2:
            steps += [LayerNorm(copies, width)] if normalize else []
            steps += [nn.Dropout(dropout), Linear(copies, width, width)]
            steps += [_ACTIVATIONS[activation]()]
        self.network = nn.Sequential(*(steps[:-1] if end == "linear" else steps))

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)


_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "gelu": nn.GELU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}

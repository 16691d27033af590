"""What ends an encoder: a map to the common width."""

from typing import Literal

from torch import nn

Ending = Literal["projection", "linear", "none"]


def projection(d_in: int, width: int) -> nn.Sequential:
    """Return Linear -> ReLU -> LayerNorm, MInD's map from BERT to the common width [eq. 1, code].

    Shapes: x (..., d_in) -> (..., width).
    """
    return nn.Sequential(nn.Linear(d_in, width), nn.ReLU(), nn.LayerNorm(width))


def ending(output: Ending, d_in: int, width: int) -> nn.Module:
    """Return that projection, a linear layer alone, or nothing, where both widths are one.

    Shapes: x (..., d_in) -> (..., width). Raises ValueError where they are not.
    """
    if output == "projection":
        return projection(d_in, width)
    if output == "linear":
        return nn.Linear(d_in, width)
    if d_in != width:
        raise ValueError(
            f"output is none, but what is read out is {d_in} wide and the common width is {width}; "
            "set one to the other, or another output"
        )
    return nn.Identity()

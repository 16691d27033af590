"""How far a reconstruction is from its target."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

ErrorKind = Literal["mse", "squared_norm", "simse"]


def reconstruction_error(rebuilt: Tensor, target: Tensor, kind: ErrorKind) -> Tensor:
    """Return the mean over the batch of a distance. Shapes: both (..., B, D) -> (...).

    mse: mean of squared errors over the width. squared_norm: their sum. simse: the scale-invariant
    error of Eigen et al. 2014 and DSN, |e|² / D - (sum of e)² / D², which a common offset of all
    entries leaves alone; public ports of DSN add the second part, which rewards the opposite.
    """
    error = target - rebuilt
    if kind == "squared_norm":
        return error.square().sum(-1).mean(-1)
    if kind == "simse":
        return (error.square().mean(-1) - error.mean(-1).square()).mean(-1)
    return error.square().mean((-1, -2))

"""The projection that ends the vector and text encoders."""

from torch import nn


def projection(d_in: int, width: int) -> nn.Sequential:
    """Return Linear -> ReLU -> LayerNorm, MInD's map from BERT to the common width [eq. 1, code].

    Shapes: x (..., d_in) -> (..., width).
    """
    return nn.Sequential(nn.Linear(d_in, width), nn.ReLU(), nn.LayerNorm(width))

"""Batch statistics that several criteria need. Axes: B batch, D and E widths."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import layer_norm


def centred(x: Tensor) -> Tensor:
    """Return x less its mean over the batch. Shapes: x (..., B, D) -> (..., B, D)."""
    return x - x.mean(-2, keepdim=True)


def standardized(x: Tensor, eps: float) -> Tensor:
    """Return x with mean 0 and variance 1 per feature, as a BatchNorm without affine map does.

    Shapes: x (..., B, D) -> (..., B, D). The variance is divided by B; `eps` is added to it under
    the root, so that a constant feature gives 0 and a finite gradient.
    """
    # Normalising over the batch is layer normalisation of the transpose, in one fused call.
    return layer_norm(x.mT, x.shape[-2:-1], eps=eps).mT


def cross_square(a: Tensor, b: Tensor) -> Tensor:
    """Return the squared Frobenius norm of aᵀ b. Shapes: a (..., B, D), b (..., B, E) -> (...).

    It equals the sum of (a aᵀ) ∘ (b bᵀ), which is cheaper where the batch is smaller than the
    widths.
    """
    samples, d, e = a.shape[-2], a.shape[-1], b.shape[-1]
    if samples * (d + e) < d * e:
        return ((a @ a.mT) * (b @ b.mT)).sum((-1, -2))
    return (a.mT @ b).square().sum((-1, -2))


def l2_rows(x: Tensor) -> Tensor:
    """Return x with rows of length 1; a zero row stays zero. Shapes: x (..., D) -> (..., D)."""
    return x * (x.square().sum(-1, keepdim=True) + 1e-16).rsqrt()


def row_cosines(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of each row of a with that of b. Shapes: (..., B, D) twice -> (..., B)."""
    refuse_unlike(a, b)
    return (l2_rows(a) * l2_rows(b)).sum(-1)


def refuse_small(batch: int, least: int, why: str) -> None:
    """Raise ValueError where a batch has too few samples for a statistic."""
    if batch < least:
        raise ValueError(f"{why} needs at least {least} samples, got a batch of {batch}")


def refuse_unlike(a: Tensor, b: Tensor) -> None:
    """Raise ValueError where a and b have not one shape."""
    if a.shape != b.shape:
        raise ValueError(
            f"a and b (..., B, D) must have one shape, got {tuple(a.shape)} and {tuple(b.shape)}"
        )

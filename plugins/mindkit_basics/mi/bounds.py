"""Arithmetic that several bounds on mutual information share."""

from __future__ import annotations

import math

from torch import Tensor


def log_mean_exp(scores: Tensor) -> Tensor:
    """Return log((1/N) Σ exp(s)), safe for large scores. Shapes: scores (..., N) -> (...)."""
    return scores.logsumexp(-1) - math.log(scores.shape[-1])


def with_gradient_of(surrogate: Tensor, value: Tensor) -> Tensor:
    """Return `value`, back-propagated as if it were `surrogate`. Shapes: any -> same."""
    return surrogate + (value - surrogate).detach()

"""Gradient reversal (Ganin and Lempitsky 2015) and its schedules."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

ReversalSchedule = Literal["constant", "linear", "dann", "delayed_dann"]


class _Reverse(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, strength: float) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        ctx.strength = inputs[1]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return -ctx.strength * gradient, None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """Return x unchanged; its gradient is multiplied by -strength. Shapes: x (...) -> (...)."""
    return _Reverse.apply(x, strength)  # type: ignore[return-value]


def reversal_strength(
    progress: float,
    schedule: ReversalSchedule,
    strength: float = 1.0,
    horizon: float = 1.0,
    delay: float = 0.0,
) -> float:
    """Return the reversal coefficient at `progress`, the fraction of the planned training.

    constant: `strength`. linear: `strength` p. dann: `strength` (2 / (1 + exp(-10 p)) - 1).
    delayed_dann: 0 until the fraction `delay`, then dann over the rest. p is progress / `horizon`,
    at most 1, so that a horizon below 1 finishes the ramp earlier than the planned end.
    """
    if horizon <= 0 or not 0 <= delay < 1:
        raise ValueError(
            f"horizon must be above 0 and delay in [0, 1), got horizon={horizon}, delay={delay}"
        )
    p = min(progress / horizon, 1.0)
    if schedule == "constant":
        return strength
    if schedule == "linear":
        return strength * p
    if schedule == "delayed_dann":
        p = max(p - delay, 0.0) / (1 - delay)
    return strength * (2 / (1 + math.exp(-10 * p)) - 1)

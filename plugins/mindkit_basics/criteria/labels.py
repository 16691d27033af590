"""When two samples have one label, for criteria that pull them together or leave them alone."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Alike = float | Literal["rounded", "sign"]


def same_label(target: Tensor, alike: Alike) -> Tensor:
    """Return which samples have one label. Shapes: target (..., B) -> (..., B, B).

    Numbers do where they are at most `alike` apart, or equal once `rounded` (half to even, the
    seven classes of sentiment), or of one `sign`, 0 having its own. Classes do where equal.
    """
    if not target.is_floating_point():
        return target.unsqueeze(-1) == target.unsqueeze(-2)
    if not isinstance(alike, str):
        return (target.unsqueeze(-1) - target.unsqueeze(-2)).abs() <= alike
    kind = target.round() if alike == "rounded" else target.sign()
    return kind.unsqueeze(-1) == kind.unsqueeze(-2)


def refuse_alike(alike: Alike) -> None:
    """Raise ValueError for a negative distance between labels."""
    if not isinstance(alike, str) and alike < 0:
        raise ValueError(f"alike is a distance of labels, 0 or more, rounded or sign, got {alike}")

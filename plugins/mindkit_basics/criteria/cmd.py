from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import refuse_small


class Cmd(Criterion):
    """Compare two distributions by their central moments (Zellinger et al. 2017).

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    |E a - E b| / r + sum over k = 2 … K of |c_k(a) - c_k(b)| / r^k, Euclidean norms, c_k the
    elementwise central moments (divided by B) and r the range of the features. The pairing of the
    samples has no part in it. MISA applies it to outputs of a sigmoid, so that r = 1.

    moments: K, the highest moment.
    squash: what bounds the input before: nothing, or a sigmoid. Without a bound the higher moments
    of large features explode.
    low: least value a feature can take.
    high: greatest value a feature can take.
    eps: added under each root, whose gradient where both moments agree is infinite; MISA's code has
    none.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(
        self,
        *,
        moments: int = 5,
        squash: Literal["none", "sigmoid"] = "none",
        low: float = 0.0,
        high: float = 1.0,
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        if moments < 1 or high <= low:
            raise ValueError(
                f"moments must be at least 1 and low below high, got {moments}, {low} and {high}"
            )
        self.moments, self.squash, self.range, self.eps = moments, squash, high - low, eps

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(min(a.shape[-2], b.shape[-2]), self.min_batch, "a moment")
        if self.squash == "sigmoid":
            a, b = a.sigmoid(), b.sigmoid()
        terms = self.terms(a, b)
        return sum(terms[1:], terms[0])

    def terms(self, a: Tensor, b: Tensor) -> list[Tensor]:
        """Return the K summands, each (...)."""
        mean_a, mean_b = a.mean(-2, keepdim=True), b.mean(-2, keepdim=True)
        left, right = a - mean_a, b - mean_b
        terms = [self._norm((mean_a - mean_b).squeeze(-2)) / self.range]
        for k in range(2, self.moments + 1):
            gap = left.pow(k).mean(-2) - right.pow(k).mean(-2)
            terms.append(self._norm(gap) / self.range**k)
        return terms

    def _norm(self, x: Tensor) -> Tensor:
        return (x.square().sum(-1) + self.eps).sqrt()

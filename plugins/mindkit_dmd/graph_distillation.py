from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, relu

from mindkit.api import Criterion


class GraphDistillation(Criterion):
    """Let modalities teach each other along the edges of a graph whose strengths are learned.

    Shapes: logits (B, MC), representations (B, ME) -> ().

    DMD's unit. With z_m = [W_logit logit_m; W_repr repr_m] and an edge j <- i, student j and
    teacher i, for each ordered pair: e = W_edge [z_j; z_i], E = softmax over edges of e / 8, for
    each sample; π = softmax of prior edges / 0.25, 1 for an edge and 0 for none. The value is

        Σ_edges mean (E + π) |logit_j - sg(logit_i)| + prior_weight ‖mean E - π‖²
        + representation_weight Σ_edges mean (E + π) Δ(repr_j, sg(repr_i)),

    means over the batch, sg without gradient. A single modality has no edge and gives 0.

    prior: the edges of π, by the order of modalities: the first teaches all others (DMD's
    homogeneous unit), or each teaches those behind it (the heterogeneous one, where the order is
    text, vision, audio).
    distance: Δ, the mean absolute difference, or, as in the authors' heterogeneous unit, apart:
    max(0, cos), which pushes student and teacher apart where their cosine is positive.
    size: width of each half of z.
    prior_weight: of the distance from the prior.
    representation_weight: of the part that distils representations; 0 leaves it out, as the
    authors' homogeneous unit does.
    """

    teaches: Tensor

    role = "consistency"

    def __init__(
        self,
        logits_dim: int,
        representations_dim: int,
        num_outputs: int,
        *,
        prior: Literal["first", "order"] = "first",
        distance: Literal["l1", "apart"] = "apart",
        size: int = 64,
        prior_weight: float = 10.0,
        representation_weight: float = 10.0,
    ) -> None:
        super().__init__()
        count = logits_dim // num_outputs
        width = representations_dim // count
        self.edges = [(j, i) for j in range(count) for i in range(count) if i != j]
        self.count, self.distance = count, distance
        self.prior_weight, self.representation_weight = prior_weight, representation_weight
        teaches = [float(i == 0 if prior == "first" else i < j) for j, i in self.edges]
        self.register_buffer("teaches", torch.tensor(teaches), persistent=False)
        if self.edges:
            self.of_logit = nn.Linear(num_outputs, size)
            self.of_representation = nn.Linear(width, size)
            self.of_edge = nn.Linear(4 * size, 1, bias=False)  # the softmax would cancel it

    def forward(self, logits: Tensor, representations: Tensor) -> Tensor:
        if not self.edges:
            return (logits.sum() + representations.sum()) * 0
        logit, vector = (x.chunk(self.count, 1) for x in (logits, representations))
        nodes = [
            torch.cat([self.of_logit(a), self.of_representation(b)], 1)
            for a, b in zip(logit, vector, strict=True)
        ]
        pairs = torch.stack([torch.cat([nodes[j], nodes[i]], 1) for j, i in self.edges], 1)
        strength = (self.of_edge(pairs).squeeze(2) / 8).softmax(1)  # (B, edges)
        prior = (self.teaches.to(strength) / 0.25).softmax(0)
        weight = strength + prior
        gaps = [(logit[j] - logit[i].detach()).abs().mean(1) for j, i in self.edges]
        value = (weight * torch.stack(gaps, 1)).mean(0).sum()
        value = value + self.prior_weight * (strength.mean(0) - prior).square().sum()
        if not self.representation_weight:
            return value
        far = [self._distance(vector[j], vector[i].detach()) for j, i in self.edges]
        distilled = (weight * torch.stack(far, 1)).mean(0).sum()
        return value + self.representation_weight * distilled

    def _distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        if self.distance == "apart":
            return relu(cosine_similarity(student, teacher, 1))
        return (student - teacher).abs().mean(1)

from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit.api import Criterion


class ClassEntropy(Criterion):
    """Estimate the entropy of a representation by a Gaussian for each sign of the label.

    Shapes: y (B, D), target (B,) -> ().

    MMIM's H: (log det of the covariance of samples with a positive label + that of those with a
    negative one) / 4, covariances divided by their number, over tanh(Linear(y)) of a quarter of the
    width; samples of the batches before stand beside those of this one. It is half the entropy in
    nats, but for constants. The authors have no ridge, so that few samples make it infinite; here a
    side with fewer than two samples counts as 0, and so does the first batch of an epoch, which
    remembers none. Their optimisers leave the linear layer as it was drawn.

    memory: number of samples before this batch that are kept; the authors keep the last batch, so
    that it follows `training.batch_size` by hand.
    ridge: added to the variances.
    narrowing: the width is divided by it.
    learn_projection: whether the linear layer is learned; it could raise the entropy by itself.
    """

    kept: Tensor
    kept_label: Tensor

    role = "consistency"
    tasks = ("regression",)
    no_gradient = ("target", "y")  # while nothing is remembered the value is 0

    def __init__(
        self,
        y_dim: int,
        task: str,
        *,
        memory: int = 32,
        ridge: float = 1e-4,
        narrowing: int = 4,
        learn_projection: bool = False,
    ) -> None:
        super().__init__()
        if task != "regression":
            raise ValueError(
                f"the sign of the label is needed, and the task is {task}; leave the term out with "
                "--drop"
            )
        self.ridge = ridge
        narrow = max(y_dim // narrowing, 1)
        self.project = nn.Sequential(nn.Linear(y_dim, narrow), nn.Tanh())
        self.project.requires_grad_(learn_projection)
        self.register_buffer("kept", torch.zeros(memory, narrow))
        self.register_buffer("kept_label", torch.zeros(memory))  # 0: nothing is there yet

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        narrow = self.project(y)
        rows = torch.cat([self.kept.to(narrow), narrow])
        label = torch.cat([self.kept_label.to(target), target])
        value = (self._log_det(rows, label > 0) + self._log_det(rows, label < 0)) / 4
        value = torch.where((self.kept_label != 0).any(), value, torch.zeros_like(value))
        if self.training:
            size = len(self.kept)
            self.kept.copy_(rows[-size:].detach())
            self.kept_label.copy_(label[-size:])
        return value

    def on_epoch_end(self, epoch: int) -> None:
        self.kept_label.zero_()

    def _log_det(self, rows: Tensor, member: Tensor) -> Tensor:
        """Log determinant of the members' covariance, 0 with fewer than two."""
        weight = member.to(rows).unsqueeze(1)
        count = weight.sum()
        centred = (rows - (weight * rows).sum(0) / count.clamp(min=1)) * weight
        ridge = self.ridge * torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device)
        covariance = centred.T @ centred / count.clamp(min=1) + ridge
        value = torch.linalg.slogdet(covariance).logabsdet
        return torch.where(count >= 2, value, torch.zeros_like(value))

"""One model being trained: what it is trained with, where it stands, and its checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from mindkit.batch import Batch
from mindkit.config.spec import Spec
from mindkit.data.sampler import epoch_batches
from mindkit.data.store import Store
from mindkit.errors import TrainingError
from mindkit.kinds import Tracker
from mindkit.model.build import Model
from mindkit.train.checkpoint import Checkpoints
from mindkit.train.device import Device
from mindkit.train.optim import by_turn, learning_optimizers, main_optimizer
from mindkit.train.seed import random_state, set_random_state
from mindkit.train.selection import Selector

Group = list[Tensor]
"""The batches of one optimiser step, each (B,) rows."""


@dataclass
class Running:
    """Where training stands: the next `step` of `epoch`, and the sums of this epoch's losses.

    shrink: factor that rollbacks and plateaus have put on the learning rate. sums: (1 + T,) total
    and terms. first_bad: (1 + T,) step at which each was first not finite, -1 while it is.
    """

    epoch: int
    step: int
    shrink: float
    sums: Tensor
    first_bad: Tensor
    finished: bool = False

    def add(self, losses: Tensor) -> None:
        """Take the losses of one more step, (1 + T,), without waiting for the device."""
        bad = ~losses.isfinite() & (self.first_bad < 0)
        self.first_bad = torch.where(bad, self.step, self.first_bad)
        self.sums = self.sums + losses
        self.step += 1

    def next_epoch(self) -> None:
        """Begin the next epoch."""
        self.epoch, self.step = self.epoch + 1, 0
        self.sums = torch.zeros_like(self.sums)


class Fitting:
    """A model in training; made anew, it goes on from the latest checkpoint if there is one.

    store: prepared and on the device. trackers: are told of steps and epochs. stamps: go into every
    record. groups: the steps of the epoch
    that was begun. began: when that was, in seconds.
    """

    def __init__(
        self,
        model: Model,
        store: Store,
        metrics: Sequence[str],
        spec: Spec,
        device: Device,
        checkpoints: Checkpoints,
    ) -> None:
        self.model, self.store, self.metrics, self.spec = model, store, metrics, spec
        self.device, self.checkpoints = device, checkpoints
        self.trackers: Sequence[Tracker] = ()
        self.stamps: Sequence[str] = ()
        self.main = main_optimizer(model, spec.training.optimizer)
        self.learners = learning_optimizers(model)
        self.each_step, self.each_epoch = by_turn(model, self.learners)
        self.selector = Selector.from_settings(spec.training.selection)
        losses = torch.zeros(1 + len(model.objective.names), device=device.torch)
        self.running = Running(0, 0, 1.0, losses, torch.full_like(losses, -1))
        self.groups: list[Group] = []
        self.began = 0.0
        if checkpoints.exist():
            self._go_on(checkpoints.latest())
        model.train()

    @property
    def goes_on(self) -> bool:
        """True until the planned epochs are trained, or the selector has said stop."""
        return self.running.epoch < self.spec.training.epochs and not self.running.finished

    @property
    def next_group(self) -> Group:
        """The batches of the next step."""
        return self.groups[self.running.step]

    def groups_of(self, epoch: int) -> list[Group]:
        """Return the steps of an epoch; the last, with fewer batches, is taken all the same."""
        training, train = self.spec.training, self.store.splits["train"]
        batches = epoch_batches(
            train.lengths(self.model.graph.modalities),
            training.batch_size,
            seed=training.seed,
            epoch=epoch,
            group_by_length=self.spec.data.group_by_length,
            drop_last=training.drop_last,
        )
        every = training.accumulation.batches
        return [batches[i : i + every] for i in range(0, len(batches), every)]

    def batch(self, rows: Tensor) -> Batch:
        """Gather training samples."""
        train = self.store.splits["train"]
        return train.batch(rows, self.model.graph.modalities, self.spec.data.pad_to)

    def means(self) -> dict[str, float]:
        """Wait for the device once; return mean losses so far, or raise at the first bad one."""
        running = self.running
        sums, first_bad = torch.stack([running.sums, running.first_bad]).tolist()
        names = ("total", *self.model.objective.names)
        steps = {
            name: int(step)
            for name, step in zip(names, first_bad, strict=True)
            if step >= 0 and name != "total"
        }
        if steps or first_bad[0] >= 0:
            self._refuse_to_go_on(steps, len(names) - 1)
        return {name: value / max(running.step, 1) for name, value in zip(names, sums, strict=True)}

    def save(self, name: str) -> None:
        """Write a checkpoint called `name`, from which a run goes on to the bit."""
        best = f"epoch-{self.selector.epoch}" if self.selector.epoch >= 0 else None
        # A tensor may be a part of a larger one, all of which would be saved with it.
        weights = {key: tensor.clone() for key, tensor in self.model.state_dict().items()}
        state = {
            "model": weights,
            "main": self.main.state_dict(),
            "learners": {key: one.state_dict() for key, one in self.learners.items()},
            "selector": self.selector.state(),
            "running": asdict(self.running),
            "random": random_state(),
        }
        self.checkpoints.save(state, name, best)

    def back_to_best(self) -> None:
        """Reload the weights and optimisers of the best epoch, and nothing else."""
        self._load_weights(self.checkpoints.best())

    def _go_on(self, state: dict[str, Any]) -> None:
        self._load_weights(state)
        self.selector.__dict__.update(state["selector"])
        device = self.running.sums.device
        for name, value in state["running"].items():
            setattr(self.running, name, value.to(device) if isinstance(value, Tensor) else value)
        set_random_state(state["random"])

    def _load_weights(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.main.load_state_dict(state["main"])
        for name, optimizer in self.learners.items():
            optimizer.load_state_dict(state["learners"][name])

    def _refuse_to_go_on(self, steps: dict[str, int], count: int) -> None:
        step = min(steps.values(), default=self.running.step)
        first = [name for name, at in steps.items() if at == step]
        if 0 < len(first) < count:
            subject = " and ".join(f"term '{name}'" for name in first)
            remedy = f"lower terms.{first[0]}.weight or training.optimizer.rate"
        else:
            subject = "every term at once (the weights themselves went wrong the step before)"
            remedy = "lower training.optimizer.rate"
        kept = (
            f"the last good state is kept in {self.checkpoints.folder}"
            if self.checkpoints.exist()
            else "no epoch was completed before"
        )
        raise TrainingError(
            f"the loss is not finite: {subject}, first in epoch {self.running.epoch + 1}, "
            f"step {step + 1}; {kept}. To go on, {remedy}, or set training.clip.norm=1"
        )

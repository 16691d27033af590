"""The training loop, in the order things happen."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from mindkit.config.spec import Spec
from mindkit.data.sampler import epoch_batches
from mindkit.data.store import Store
from mindkit.errors import TrainingError
from mindkit.kinds import Tracker
from mindkit.model.build import Model
from mindkit.train.checkpoint import Checkpoints
from mindkit.train.device import Device
from mindkit.train.evaluate import predict, score
from mindkit.train.optim import (
    by_turn,
    learning_optimizers,
    main_optimizer,
    scale_rates,
    warmup_factor,
)
from mindkit.train.seed import random_state, set_random_state
from mindkit.train.selection import Selector
from mindkit.train.step import learn_epoch, train_step


class Interrupted(TrainingError):
    """A signal asked the run to stop; its state is saved and it can be resumed."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


@dataclass
class Running:
    """Where training stands: the next `step` of `epoch`, and the sums of this epoch's losses.

    shrink: factor that rollbacks have put on the learning rate. sums: (1 + T,) total and terms.
    first_bad: (1 + T,) step at which each was first not finite, -1 while it is.
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


@dataclass(frozen=True)
class Fitted:
    """The selected `epoch` (0-based), its `best` value of the metric, and the `epochs` trained."""

    epoch: int
    best: float
    epochs: int


@dataclass
class Stop:
    """Set by SIGINT or SIGTERM; looked at between steps."""

    signal_number: int | None = None
    previous: dict[int, Any] = field(default_factory=dict)


def fit(
    model: Model,
    store: Store,
    metrics: Sequence[str],
    spec: Spec,
    device: Device,
    checkpoints: Checkpoints,
    trackers: Sequence[Tracker] = (),
    stamps: Sequence[str] = (),
) -> Fitted:
    """Train to the end and leave the selected epoch's weights in `model`.

    `store` is prepared and on the device; `stamps` go into every record. Goes on from the latest
    checkpoint if there is one.
    Raises TrainingError when a loss is not finite, Interrupted when a signal came.
    """
    training, data = spec.training, spec.data
    train, valid = store.splits["train"], store.splits["valid"]
    lengths = train.lengths(model.graph.modalities)
    main = main_optimizer(model, training.optimizer)
    learners = learning_optimizers(model)
    each_step, each_epoch = by_turn(model, learners)
    selector = Selector.from_settings(training.selection)
    losses = torch.zeros(1 + len(model.objective.names), device=device.torch)
    running = Running(0, 0, 1.0, losses, torch.full_like(losses, -1))
    if checkpoints.exist():
        _load(checkpoints.latest(), model, main, learners, selector, running)
    model.train()

    with _watching_signals() as stop:
        while running.epoch < training.epochs and not running.finished:
            began = time.monotonic()
            batches = epoch_batches(
                lengths,
                training.batch_size,
                seed=training.seed,
                epoch=running.epoch,
                group_by_length=data.group_by_length,
                drop_last=training.drop_last,
            )
            # The last group may be smaller; its step is taken all the same.
            groups = [
                batches[i : i + training.accumulate]
                for i in range(0, len(batches), training.accumulate)
            ]
            planned = training.epochs * len(groups)
            if each_epoch and running.step == 0:
                every = (train.batch(r, model.graph.modalities, data.pad_to) for r in batches)
                learn_epoch(model, every, each_epoch, device)
            for group in groups[running.step :]:
                progress = (running.epoch * len(groups) + running.step) / planned
                warmed = warmup_factor(progress + 1 / planned, training.warmup)
                scale_rates(main, running.shrink * warmed)
                inputs = [train.batch(r, model.graph.modalities, data.pad_to) for r in group]
                running.add(
                    train_step(model, inputs, progress, main, each_step, training.clip, device)
                )
                if running.step % training.log_every == 0:
                    means = _fetch(running, model, checkpoints)
                    for tracker in trackers:
                        tracker.progress(
                            {
                                "epoch": running.epoch,
                                "step": running.step,
                                "steps": len(groups),
                                "losses": means,
                            }
                        )
                if stop.signal_number is not None:
                    _fetch(running, model, checkpoints)
                    state = _state(model, main, learners, selector, running)
                    name = f"epoch-{running.epoch}-step-{running.step}"
                    checkpoints.save(state, name, _best_name(selector))
                    raise Interrupted(
                        f"stopped by {signal.Signals(stop.signal_number).name} in epoch "
                        f"{running.epoch + 1}, step {running.step}; the state is saved in "
                        f"{checkpoints.folder}: --resume goes on from there",
                        stop.signal_number,
                    )

            means = _fetch(running, model, checkpoints)
            model.objective.on_epoch_end(running.epoch)
            predictions = predict(model.graph, valid, device, training.batch_size, data.pad_to)
            scores = score(predictions, valid, store.task, [*metrics, training.selection.metric])
            decision = selector.update(running.epoch, scores[training.selection.metric])
            record = {
                "epoch": running.epoch,
                "step": len(groups),
                "losses": means,
                "valid": scores,
                "decision": decision,
                "rate": main.param_groups[0]["lr"],
                "seconds": round(time.monotonic() - began, 3),
                **({"stamps": list(stamps)} if stamps else {}),
            }
            name = f"epoch-{running.epoch}"
            running.next_epoch()
            if decision == "rollback":
                # The weights and optimiser go back; epochs, progress and random numbers do not.
                best = checkpoints.best()
                _load_weights(best, model, main, learners)
                running.shrink *= training.selection.shrink
            running.finished = decision == "stop"
            state = _state(model, main, learners, selector, running)
            # Told first: a run killed in between tells this epoch again, and loses none.
            for tracker in trackers:
                tracker.log(record)
            checkpoints.save(state, name, _best_name(selector))

    if selector.epoch < 0:
        raise TrainingError(
            f"no epoch had a finite {selector.metric} on validation, so none can be selected; "
            "choose another metric with --set training.selection.metric=mae"
        )
    assert selector.best is not None
    for term in model.objective.learners().values():
        term.requires_grad_(True)
    model.load_state_dict(checkpoints.best()["model"])
    return Fitted(selector.epoch, selector.best, running.epoch)


def _fetch(running: Running, model: Model, checkpoints: Checkpoints) -> dict[str, float]:
    """Wait for the device once; return mean losses so far, or raise at the first bad one."""
    sums, first_bad = torch.stack([running.sums, running.first_bad]).tolist()
    names = ("total", *model.objective.names)
    steps = {n: int(s) for n, s in zip(names, first_bad, strict=True) if s >= 0 and n != "total"}
    if steps or first_bad[0] >= 0:
        _refuse_to_go_on(running, steps, len(names) - 1, checkpoints)
    return {name: value / max(running.step, 1) for name, value in zip(names, sums, strict=True)}


def _refuse_to_go_on(
    running: Running, steps: dict[str, int], count: int, checkpoints: Checkpoints
) -> None:
    step = min(steps.values(), default=running.step)
    first = [name for name, at in steps.items() if at == step]
    if 0 < len(first) < count:
        subject = " and ".join(f"term '{name}'" for name in first)
        remedy = f"lower terms.{first[0]}.weight or training.optimizer.rate"
    else:
        subject = "every term at once (the weights themselves went wrong the step before)"
        remedy = "lower training.optimizer.rate"
    kept = (
        f"the last good state is kept in {checkpoints.folder}"
        if checkpoints.exist()
        else "no epoch was completed before"
    )
    raise TrainingError(
        f"the loss is not finite: {subject}, first in epoch {running.epoch + 1}, "
        f"step {step + 1}; {kept}. To go on, {remedy}, or set training.clip.norm=1"
    )


def _best_name(selector: Selector) -> str | None:
    return f"epoch-{selector.epoch}" if selector.epoch >= 0 else None


def _state(
    model: Model,
    main: torch.optim.Optimizer,
    learners: dict[str, torch.optim.Optimizer],
    selector: Selector,
    running: Running,
) -> dict[str, Any]:
    return {
        "model": model.state_dict(),
        "main": main.state_dict(),
        "learners": {name: optimizer.state_dict() for name, optimizer in learners.items()},
        "selector": selector.state(),
        "running": {
            "epoch": running.epoch,
            "step": running.step,
            "shrink": running.shrink,
            "sums": running.sums,
            "first_bad": running.first_bad,
            "finished": running.finished,
        },
        "random": random_state(),
    }


def _load(
    state: dict[str, Any],
    model: Model,
    main: torch.optim.Optimizer,
    learners: dict[str, torch.optim.Optimizer],
    selector: Selector,
    running: Running,
) -> None:
    _load_weights(state, model, main, learners)
    selector.__dict__.update(state["selector"])
    device = running.sums.device
    for name, value in state["running"].items():
        setattr(running, name, value.to(device) if isinstance(value, Tensor) else value)
    set_random_state(state["random"])


def _load_weights(
    state: dict[str, Any],
    model: Model,
    main: torch.optim.Optimizer,
    learners: dict[str, torch.optim.Optimizer],
) -> None:
    model.load_state_dict(state["model"])
    main.load_state_dict(state["main"])
    for name, optimizer in learners.items():
        optimizer.load_state_dict(state["learners"][name])


@contextmanager
def _watching_signals() -> Iterator[Stop]:
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may set handlers
        return

    def ask(number: int, frame: object) -> None:
        stop.signal_number = number
        signal.signal(number, stop.previous[number])  # asked again, it does not wait for the step

    for watched in (signal.SIGINT, signal.SIGTERM):
        stop.previous[watched] = signal.signal(watched, ask)
    try:
        yield stop
    finally:
        for number, handler in stop.previous.items():
            signal.signal(number, handler)

"""Whether seeds can be trained together, and whether that is faster than one after another."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch
from torch import Tensor, nn

from mindkit.kinds import Component
from mindkit.train.fitting import Fitting, Group
from mindkit.train.fused import Seat, Stack
from mindkit.train.fused_random import Stream
from mindkit.train.loop import begin_epoch, take_step

log = logging.getLogger("mindkit")

WORTH = 1.05  # times as fast; less is noise
TOLERANCE = (
    1e-4  # of gradients, relative, in float32; a mask drawn otherwise is off by 0.1 and more
)


def worthwhile(seats: Sequence[Seat], always: bool) -> bool:
    """Return whether to train seeds together, and say so; `always` asks only whether it can be."""
    if len(seats) < 2:
        return False
    count, name = len(seats), seats[0].fitting.spec.method.name
    found = obstacle(seats[0].fitting) or gain(seats)
    if isinstance(found, str):
        log.info("%s: %d seeds one after another: %s", name, count, found)
        return False
    if found < WORTH and not always:
        why = "a step of all together is %.2f times as fast as one of each"
        log.info(f"%s: %d seeds one after another: {why}", name, count, found)
        return False
    why = "a step is %.2f times as fast as one of each by itself; the first is shown"
    log.info(f"%s: %d seeds together: {why}", name, count, found)
    return True


def obstacle(fitting: Fitting) -> str | None:
    """Return why a run cannot be trained together with others of its config, None if it may be."""
    if fitting.learners:
        return f"term '{next(iter(fitting.learners))}' has an optimiser step of its own"
    if fitting.device.bfloat16:
        return "bfloat16 rounds too coarsely to give each its own numbers"
    if fitting.spec.data.pad_to is None:
        for modality, column in fitting.store.splits["train"].columns.items():
            if column.lengths is not None:
                return f"batches of {modality} differ in length; data.pad_to gives them one"
    for name, module in fitting.model.named_modules():
        if isinstance(module, nn.RNNBase):
            return f"{name} is recurrent ({type(module).__name__}), which vmap cannot stack"
        own = isinstance(module, Component) and type(module).on_epoch_end
        if own and own is not Component.on_epoch_end:
            return f"{name} ({type(module).__name__}) keeps something from epoch to epoch"
    return None


def gain(seats: Sequence[Seat]) -> float | str:
    """Return how many times as fast as apart a step together is, or why it cannot be taken.

    Copies take the steps: neither the weights nor the random numbers of `seats` move. What a step
    together leaves behind is held against the same step of each seed alone.
    """
    alone_times, together_times = [], []
    try:
        twins = [_twin(seat) for seat in seats]
        groups = [max(twin.fitting.groups, key=_samples) for twin in twins]
        stack, rows, device = Stack(twins), range(len(twins)), seats[0].fitting.device.torch
        stack.step(rows, groups)
        left = [_Left.by(twin) for twin in twins]
        for seat, group, expected in zip(seats, groups, left, strict=True):
            alone = _twin(seat)
            with alone.stream:
                take_step(alone.fitting, group)
            if not _Left.by(alone).equals(expected):
                return "a step together gives other numbers than one of each seed"
            # Turn about, so that a busy machine slows both.
            with alone.stream.drawing():
                alone_times.append(_seconds(partial(take_step, alone.fitting, group), device))
            together_times.append(_seconds(partial(stack.step, rows, groups), device))
    except Exception as error:  # a component may do anything that vmap cannot
        return f"a step together fails ({str(error).splitlines()[0]})"
    return len(seats) * median(alone_times) / median(together_times)


@dataclass(frozen=True)
class _Left:
    """What a step leaves in a model and in its random numbers."""

    gradients: dict[str, Tensor]
    buffers: dict[str, Tensor]
    stream: Stream

    @classmethod
    def by(cls, seat: Seat) -> _Left:
        named = seat.fitting.model.named_parameters()
        return cls(
            {name: one.grad for name, one in named if one.grad is not None},
            {name: one.clone() for name, one in seat.fitting.model.named_buffers()},
            copy.deepcopy(seat.stream),
        )

    def equals(self, other: _Left) -> bool:
        near = _near(self.gradients, other.gradients) and _near(self.buffers, other.buffers)
        return near and self.stream.equals(other.stream)


def _near(these: dict[str, Tensor], those: dict[str, Tensor]) -> bool:
    """Whether the difference of all together is small beside them; NaN never is."""
    if these.keys() != those.keys():
        return False
    apart = sum(
        float((one.double() - those[n].double()).square().sum()) for n, one in these.items()
    )
    whole = sum(float(one.double().square().sum()) for one in these.values())
    return apart <= TOLERANCE**2 * whole


def _twin(seat: Seat) -> Seat:
    """A copy in the same state, with no trackers to tell, at the beginning of its epoch."""
    one = seat.fitting
    model, known = copy.deepcopy(one.model), (one.store, one.metrics, one.spec, one.device)
    twin = Seat(Fitting(model, *known, one.checkpoints), copy.deepcopy(seat.stream))
    begin_epoch(twin.fitting)
    return twin


def _samples(group: Group) -> int:
    return sum(len(rows) for rows in group)


def _seconds(step: Callable[[], object], device: torch.device) -> float:
    # What one thread works itself is the same however busy others keep the machine.
    single = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if single else time.perf_counter
    _wait_for(device)
    began = clock()
    step()
    _wait_for(device)
    return clock() - began


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)

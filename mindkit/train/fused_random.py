"""Random numbers under `vmap`: each seed draws from its own generators what it would draw alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from mindkit.train.seed import random_state, set_random_state

_DRAWN = (
    torch.rand,
    torch.randn,
    torch.randint,
    torch.randperm,
    torch.rand_like,
    torch.randn_like,
    torch.randint_like,
)


class Stream:
    """The random numbers of one run: where all generators stand, kept while other runs draw.

    Made, it takes the generators as they are; entered, it puts them back and follows them.
    """

    def __init__(self) -> None:
        self.state = random_state()

    def __enter__(self) -> None:
        set_random_state(self.state)

    def __exit__(self, *_: object) -> None:
        self.state = random_state()

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Enter for torch's generators alone, which is quicker."""
        torch.set_rng_state(self.state["torch"])
        if self.state["cuda"]:
            torch.cuda.set_rng_state_all(self.state["cuda"])
        yield
        self.state["torch"] = torch.get_rng_state()
        if self.state["cuda"]:
            self.state["cuda"] = torch.cuda.get_rng_state_all()

    def equals(self, other: Stream) -> bool:
        """Return True where both will draw the same numbers."""
        mine, its = self.state, other.state
        same = all(torch.equal(a, b) for a, b in zip(mine["cuda"], its["cuda"], strict=True))
        plain = all(mine[name] == its[name] for name in ("python", "numpy"))
        return plain and same and torch.equal(mine["torch"], its["torch"])


class Draws(TorchFunctionMode):
    """Inside a function under `vmap`, lets every seed draw for itself.

    streams: K. seat: () of (K,), the one tensor that is surely of many seeds. What draws and is not
    known here is refused by `vmap` itself, with randomness="error".
    """

    def __init__(self, streams: Sequence[Stream], seat: Tensor) -> None:
        super().__init__()
        self.streams, self.seat = streams, seat

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is functional.dropout:
            return self._dropout(*args, **kwargs)
        if func is functional.scaled_dot_product_attention:
            return self._attention(*args, **kwargs)
        if func is functional.multi_head_attention_forward:
            # Its body looks names up among its globals: there, the two that draw are replaced.
            known = {"dropout": self._dropout, "scaled_dot_product_attention": self._attention}
            return _with_globals(func, known)(*args, **kwargs)
        if func in _DRAWN and kwargs.get("generator") is None:
            like = [one for one in args[:1] if isinstance(one, Tensor)]
            return self._draw(lambda *x: func(*x, *args[len(x) :], **kwargs), *like)
        return func(*args, **kwargs)

    def _draw(self, draw: Callable[..., Tensor], *like: Tensor) -> Tensor:
        def one(number: int, *x: Tensor) -> Tensor:
            with self.streams[number].drawing():
                return draw(*x)

        return _Draw.apply(self.seat, one, *like)  # type: ignore[return-value]

    def _dropout(
        self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if inplace or not training or p == 0:
            return functional.dropout(input, p, training, inplace)
        # The mask is what dropout makes of ones, laid out in memory as the input is.
        mask = self._draw(lambda x: functional.dropout(torch.ones_like(x), p), input.detach())
        return input * mask

    def _attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        if dropout_p == 0 or query.device.type != "cpu" or is_causal or enable_gqa:
            whole = functional.scaled_dot_product_attention  # where it draws, vmap refuses it
            return whole(
                query,
                key,
                value,
                attn_mask,
                dropout_p,
                is_causal,
                scale=scale,
                enable_gqa=enable_gqa,
            )
        # On the CPU, with dropout, it is these steps; elsewhere one kernel that draws inside.
        scores = query @ key.mT * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, -math.inf)
        elif attn_mask is not None:
            scores = scores + attn_mask
        return self._dropout(scores.softmax(-1), dropout_p) @ value


class _Draw(torch.autograd.Function):
    """What `draw(k, x of seed k, ...)` gives for each seed k; without gradient."""

    @staticmethod
    def forward(seat: Tensor, draw: Callable[..., Tensor], *like: Tensor) -> Tensor:
        raise AssertionError("it is only called under vmap")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, seat: Tensor, draw: Callable[..., Tensor], *like: Tensor
    ) -> tuple[Tensor, int]:
        drawn = []
        for number in range(info.batch_size):
            ones = zip(like, in_dims[2:], strict=True)
            x = [one if dim is None else one.select(dim, number) for one, dim in ones]
            drawn.append(draw(number, *x))
        return torch.stack(drawn), 0


def _with_globals(function: Any, names: dict[str, Any]) -> Callable[..., Any]:
    """Return the same function with other values for some names of its module."""
    return FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )

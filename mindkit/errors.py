"""Errors that a user can act on; the command line prints their message and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class MindkitError(Exception):
    """Something a user can mend: the message names the place, the value and the next action."""


class PluginError(MindkitError):
    """A plugin cannot be loaded, misspells a hook, or registers a name that is taken."""


class DataError(MindkitError):
    """Data are missing, malformed, leaky, or do not fit what the method asks for."""


class TrainingError(MindkitError):
    """Training cannot go on, for instance because a loss is not finite."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a config: `where` it is, `what` is wrong and would do, and the `excerpt`."""

    where: str
    what: str
    excerpt: str = ""

    def __str__(self) -> str:
        lines = [self.where, *(f"  {line}" for line in self.what.splitlines())]
        return "\n".join([*lines, self.excerpt] if self.excerpt else lines)


class ConfigError(MindkitError):
    """Every mistake found in a config, shown together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n\n".join(str(problem) for problem in problems))


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return "; did you mean 'x'?" or "; known: a, b" for a name that is not among the known."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(sorted(known))}" if known else "; none is known"

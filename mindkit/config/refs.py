"""References to tensors, and the rows that a line of `inputs` stands for.

`stage.modality` one tensor · `stage.*` all modalities · `$m`, `$n` different modalities, one row
for each choice · `prediction`, `fused` and `target`, which have no modality · `fused.name`, where a
head gives several.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mindkit.config.spec import OVER_TIME, RESERVED, Reference, Row
from mindkit.errors import did_you_mean

VARIABLES = ("$m", "$n")
WITHOUT_MODALITY = ("prediction", "fused", "target")


@dataclass(frozen=True)
class Pattern:
    """A reference as written: `modality` is a name, `*`, a variable, or None."""

    stage: str
    modality: str | None

    def __str__(self) -> str:
        return self.stage if self.modality is None else f"{self.stage}.{self.modality}"

    def variables(self) -> set[str]:
        """Return the variable it uses, if any."""
        return {self.modality} if self.modality in VARIABLES else set()

    def expand(self, modalities: Sequence[str], chosen: Mapping[str, str]) -> tuple[Reference, ...]:
        """Return the tensors it stands for, `chosen` giving each variable its modality."""
        if self.modality == "*":
            return tuple(Reference(self.stage, modality) for modality in modalities)
        if self.modality is None:
            return (Reference(self.stage),)
        return (Reference(self.stage, chosen.get(self.modality, self.modality)),)


@dataclass(frozen=True)
class Line:
    """One entry of a term's `inputs`: argument -> patterns, and the template of the copy's name."""

    arguments: dict[str, tuple[Pattern, ...]]
    copy: str | None = None

    def variables(self) -> list[str]:
        """Return the variables it uses, sorted."""
        used: set[str] = set()
        for patterns in self.arguments.values():
            used.update(*(pattern.variables() for pattern in patterns))
        return sorted(used)

    def rows(self, number: int, modalities: Sequence[str], ordered: bool) -> list[Row]:
        """Return the rows it stands for, in the order of `modalities`; `number` is its place."""
        rows: list[Row] = []
        for chosen in choices(self.variables(), modalities, ordered):
            arguments = {
                name: tuple(
                    itertools.chain.from_iterable(p.expand(modalities, chosen) for p in patterns)
                )
                for name, patterns in self.arguments.items()
            }
            copy = self.copy or ":".join([str(number), *chosen.values()])
            rows.append(Row(number, arguments, substitute(copy, chosen)))
        return rows


def choices(
    variables: Sequence[str], modalities: Sequence[str], ordered: bool
) -> Iterator[dict[str, str]]:
    """Yield a modality for each variable, no two the same; each pair once unless `ordered`."""
    pick = itertools.permutations if ordered else itertools.combinations
    for chosen in pick(modalities, len(variables)):
        yield dict(zip(variables, chosen, strict=True))


def substitute(template: str, chosen: Mapping[str, str]) -> str:
    """Return the template with each variable replaced by its modality."""
    for variable, modality in chosen.items():
        template = template.replace(variable, modality)
    return template


def variables_in(template: str) -> list[str]:
    """Return what looks like a variable in the name of a copy."""
    return re.findall(r"\$\w*", template)


def parse(text: str) -> Pattern:
    """Split a reference as written; `Scope.mistake` says whether it means anything."""
    stage, dot, modality = text.partition(".")
    return Pattern(stage, modality if dot else None)


@dataclass(frozen=True)
class Scope:
    """What references can name: the modalities, and the stages (reserved ones included).

    over_time: the stages whose tensors have a time axis.
    """

    modalities: Sequence[str]
    representations: Sequence[str]
    over_time: Sequence[str] = OVER_TIME

    def mistake(self, pattern: Pattern) -> str | None:
        """Return what is wrong with a reference and what would do, or None."""
        if pattern.stage in WITHOUT_MODALITY:
            name = pattern.modality
            if name is None or (pattern.stage == "fused" and name.isidentifier()):
                return None  # only the head, once built, knows what it fuses
            return f"'{pattern.stage}' has no modalities; write '{pattern.stage}' alone"
        stages = [*(name for name in RESERVED if name != "mask"), *self.representations]
        if pattern.stage not in stages:
            return f"no representation named '{pattern.stage}'{did_you_mean(pattern.stage, stages)}"
        if pattern.modality is None:
            stage = pattern.stage
            return f"'{stage}' is one tensor per modality; write '{stage}.*' or '{stage}.$m'"
        if pattern.modality.startswith("$"):
            if pattern.modality not in VARIABLES:
                return f"no variable '{pattern.modality}'; use $m, and $n for a different modality"
        elif pattern.modality != "*" and pattern.modality not in self.modalities:
            hint = did_you_mean(pattern.modality, self.modalities)
            return f"no modality named '{pattern.modality}'{hint}"
        return None

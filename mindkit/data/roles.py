"""Which array of a table plays which role: id, video, label, split, text, audio, vision, …"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from mindkit.data.formats.named_arrays import Table
from mindkit.errors import DataError

SINGLE = ("id", "label", "split", "video_id")
RAGGED = ("offsets", "words")
MODALITIES = ("text", "audio", "vision")
ROLES = (*SINGLE, *MODALITIES, *RAGGED)

OBVIOUS = {  # names that are recognised, the first one that is there
    "id": ("id", "ids", "segment", "video_id+clip", "video_id+clip_id", "season+episode+clip"),
    "label": ("label", "labels", "target", "regression_labels", "sentiment"),
    "split": ("split", "fold", "mode"),
    "video_id": ("video_id", "dialogue_id"),
    "text": ("text", "raw_text", "transcript", "utterance", "sentence"),
    "audio": ("audio", "acoustic"),
    "vision": ("vision", "visual", "video"),
    "offsets": ("offsets",),
    "words": ("words",),
}


def assign_roles(
    table: Table,
    columns: Mapping[str, str] | None = None,
    own: Mapping[str, str] | None = None,
    *,
    folds: bool = False,
) -> dict[str, str]:
    """Return role -> name of an array, as said in `columns`, else in `own`, else by obvious names.

    `columns` may name a modality of any name, take several columns together as an id
    ("season+episode+clip"), and leave a role out with an empty name. own: the data set's own names,
    for tables that have them. folds: whether videos stand in for a column of splits.
    """
    said = dict(columns or {})
    for role in said:
        near = get_close_matches(role, ROLES, n=1, cutoff=0.8)
        if role not in ROLES and near:
            raise DataError(f"no role '{role}' for a column; did you mean '{near[0]}'?")
    usual = {role: name for role, name in (own or {}).items() if _has(table, name)}
    roles: dict[str, str] = {}
    for role in dict.fromkeys((*ROLES, *usual, *said)):
        if role in said:
            name: str | None = said[role]
            for part in name.split("+") if name else ():
                table.array(part)  # raises with the nearest name
        elif role in usual:
            name = usual[role]
        else:
            name = next((n for n in OBVIOUS[role] if _has(table, n)), None)
        if name:
            roles[role] = name
    if "text" in roles and "words" not in said:
        roles.pop("words", None)  # the transcript itself is better than its words
    by_video = folds and "video_id" in roles
    for role in ("label",) if by_video else ("label", "split"):
        if role not in roles:
            raise DataError(
                f"{table.path.name}: no column is recognised as the {role} among "
                f"{', '.join(table.names)}; say which with --column {role}=NAME"
            )
    if not modalities_of(roles):
        raise DataError(
            f"{table.path.name}: no column is recognised as text, audio or vision among "
            f"{', '.join(table.names)}; say which with --column audio=NAME"
        )
    return roles


def modalities_of(roles: Mapping[str, str]) -> dict[str, str]:
    """Return modality -> array; text comes from `words` where there is no text."""
    found = {role: name for role, name in roles.items() if role not in (*SINGLE, *RAGGED)}
    return {"text": roles["words"], **found} if "words" in roles else found


def _has(table: Table, name: str) -> bool:
    """True if all columns of "season+episode+clip" are there; the empty name is always."""
    return set(filter(None, name.split("+"))) <= set(table.names)

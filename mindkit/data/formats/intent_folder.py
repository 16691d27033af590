"""MIntRec and MIntRec2.0 as their authors give them: three tables and two pickles of features.

    train.tsv, dev.tsv, test.tsv    season, episode, clip, text, label; in MIntRec2.0 dialogue_id,
                                    utterance_id, text, label
    video_data/video_feats.pkl      key -> n arrays (1, 256), or one (n, 256)
    audio_data/audio_feats.pkl      key -> array or torch tensor (n, 768)

Keys are "season_episode_clip", in MIntRec2.0 "dia<d>_utt<u>". The tables have no quoting. Either
pickle may be missing, may stand in the folder itself, and may have another name in its own folder.
MIntRec2.0 has three such folders, in-scope, out-of-scope and total; out of scope is the label UNK.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mindkit.data.formats.named_arrays import read_table
from mindkit.data.formats.pickled import Steps, by_key
from mindkit.data.raw import Drop, Feature, Part, Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError, did_you_mean

TITLE = "MIntRec folder: train.tsv, dev.tsv and test.tsv, with pickles of video and audio features"

TABLES = {"train": "train.tsv", "valid": "dev.tsv", "test": "test.tsv"}
SCOPES = ("in-scope", "out-of-scope", "total")
UNKNOWN = "UNK"  # the label of what is out of scope
OUT_OF_SCOPE = f"label {UNKNOWN}, out of scope"
STREAMS = {"audio": "audio", "vision": "video"}  # role -> how its folder and file begin
COLUMNS = ("label", "text", *STREAMS)


@dataclass(frozen=True)
class _Layout:
    """What a version is called, the columns of its keys, and how key and video are written."""

    title: str
    columns: tuple[str, ...]
    key: str
    video: str


LAYOUTS = (
    _Layout("MIntRec", ("season", "episode", "clip"), "{}_{}_{}", "{}_{}"),
    _Layout("MIntRec2.0", ("dialogue", "utterance"), "dia{}_utt{}", "dia{}"),
)


@dataclass(frozen=True)
class _Rows:
    """The N rows of one table. columns: role -> its column; unused: the other columns."""

    file: str
    layout: _Layout
    keys: list[str]
    videos: list[str]
    labels: list[str]
    texts: list[str]
    columns: dict[str, str]
    unused: list[str]


def recognises(source: Source) -> bool:
    """True for a folder with the three tables, the first of which names clips or utterances."""
    if any(source.has(f"{scope}/train.tsv") for scope in SCOPES):
        return True  # one folder too high; reading says so
    if not source.has(*TABLES.values()):
        return False
    with source.file(TABLES["train"]).open("rb") as file:
        header = file.readline(1000).decode("utf-8-sig", "replace")
    return _layout(_plain(header.rstrip("\r\n").split("\t"))) is not None


def read(source: Source, request: Request) -> Raw:
    """Read the rows that have all features of the folder.

    Rows out of scope are left out, unless the data set knows that class, or takes any. Raises
    DataError where most rows have no features, and for features that are not (n, F).
    """
    _refuse(source, request)
    tables = {split: _rows(source, file, request) for split, file in TABLES.items()}
    files = _files(source, request)
    streams = {f: by_key(source.unpickle(f, torch=True), f) for f in files.values()}
    first = tables["train"]
    raw = Raw("intent_folder", f"{first.layout.title}, a row an utterance", [source.path], {})
    raw.files += [source.path / file for file in (*TABLES.values(), *files.values())]
    raw.roles = {"split": ", ".join(TABLES.values()), **first.columns, **files}
    raw.unused, raw.aligned = first.unused, False if streams else None
    raw.notes = [
        f"there is no pickle of {name} features, so there is no {role}"
        for role, name in STREAMS.items()
        if role not in files and role not in request.columns
    ]
    classes = request.dataset.classes
    unknown = UNKNOWN if classes and UNKNOWN not in classes else None
    counts: Counter[str] = Counter()
    for split, rows in tables.items():
        kept, reasons = _kept(rows, streams, unknown)
        counts += reasons
        raw.drops += [Drop(split, count, reason) for reason, count in reasons.items()]
        if kept:
            raw.parts[split] = _part(rows, kept, files, streams)
    _refuse_most(source, sum(len(rows.keys) for rows in tables.values()), counts)
    return raw


def _refuse(source: Source, request: Request) -> None:
    """Raise for a folder that is one too high, and for columns that this layout does not have."""
    scopes = [scope for scope in SCOPES if source.has(f"{scope}/train.tsv")]
    if scopes and not source.has(*TABLES.values()):
        raise DataError(
            f"{source.path} holds MIntRec2.0 by scope; name one of its folders: {', '.join(scopes)}"
        )
    for role in request.columns:
        if role not in COLUMNS:
            raise DataError(
                f"{source.path.name}: a MIntRec folder has no column '{role}'"
                f"{did_you_mean(role, COLUMNS)}"
            )


def _plain(names: Sequence[str]) -> dict[str, str]:
    """Columns by their plain names: "Dialogue_ID" by "dialogue"."""
    return {name.strip().lower().removesuffix("_id"): name for name in reversed(names)}


def _layout(columns: Mapping[str, str]) -> _Layout | None:
    found = (each for each in LAYOUTS if {*each.columns, "text", "label"} <= columns.keys())
    return next(found, None)


def _rows(source: Source, file: str, request: Request) -> _Rows:
    table = read_table(source.file(file))
    columns = _plain(table.names)
    layout = _layout(columns)
    if layout is None:
        raise DataError(
            f"{file} has the columns {', '.join(table.names)}; season, episode, clip, text, label "
            f"or dialogue_id, utterance_id, text, label are needed"
        )
    roles = {role: request.columns.get(role, columns[role]) for role in ("label", "text")}
    parts = [[cell.strip() for cell in table.strings(columns[name])] for name in layout.columns]
    cells = list(zip(*parts, strict=True))
    labels = table.strings(roles["label"])
    texts = table.strings(roles["text"]) if roles["text"] else []
    taken = {*roles.values(), *(columns[name] for name in layout.columns)}
    return _Rows(
        file,
        layout,
        keys=[layout.key.format(*key) for key in cells],
        videos=[layout.video.format(*key) for key in cells],
        labels=labels,
        texts=texts,
        columns={role: name for role, name in roles.items() if name},
        unused=[name for name in table.names if name not in taken],
    )


def _files(source: Source, request: Request) -> dict[str, str]:
    """Role -> pickle of its features, below the folder."""
    files: dict[str, str] = {}
    for role, name in STREAMS.items():
        usual = f"{name}_feats.pkl"
        paths = [*source.path.glob(usual), *source.path.glob(f"*/{usual}")]
        paths = paths or list(source.path.glob(f"{name}_data/*.pkl"))
        found = sorted(path.relative_to(source.path).as_posix() for path in paths)
        said = request.columns.get(role)
        if said and not source.has(said):
            raise DataError(f"{source.path} has no file '{said}'{did_you_mean(said, found)}")
        if said is None and len(found) > 1:
            raise DataError(
                f"{source.path} has {len(found)} pickles of {name} features: {', '.join(found)}; "
                f"choose one with --column {role}={found[0]}"
            )
        chosen = said if said is not None else next(iter(found), "")
        if chosen:
            files[role] = chosen
    return files


def _kept(
    rows: _Rows, streams: Mapping[str, Mapping[str, object]], unknown: str | None
) -> tuple[list[int], Counter[str]]:
    """The rows that have a class and all features, and how many others are left out for what."""
    kept: list[int] = []
    reasons: Counter[str] = Counter()
    for row, (key, label) in enumerate(zip(rows.keys, rows.labels, strict=True)):
        missing = next((file for file, stream in streams.items() if key not in stream), None)
        if label.strip() == unknown:
            reasons[OUT_OF_SCOPE] += 1
        elif missing is not None:
            reasons[f"not in {missing}"] += 1
        else:
            kept.append(row)
    return kept, reasons


def _part(
    rows: _Rows,
    kept: Sequence[int],
    files: Mapping[str, str],
    streams: Mapping[str, Mapping[str, object]],
) -> Part:
    keys = [rows.keys[row] for row in kept]
    features: dict[str, Feature] = {}
    if rows.texts:
        texts = [rows.texts[row] for row in kept]
        features["text"] = Feature("text", texts, array=rows.columns["text"])
    for role, file in files.items():
        steps = Steps([streams[file][key] for key in keys], [f"{file}: {key}" for key in keys])
        features[role] = Feature("ragged", steps, array=file)
    labels = [rows.labels[row] for row in kept]
    videos = [rows.videos[row] for row in kept]
    return Part(keys, labels, features, videos, [f"row {row} of {rows.file}" for row in kept])


def _refuse_most(source: Source, total: int, reasons: Counter[str]) -> None:
    """Raise where what is left out is the rule and not the exception."""
    scoped = total - reasons[OUT_OF_SCOPE]
    if not scoped:
        raise DataError(
            f"{source.path}: all {total} rows are {UNKNOWN}, out of scope, a class that this data "
            f"set does not have; name the folder in-scope or total"
        )
    absent = Counter({r: count for r, count in reasons.items() if r != OUT_OF_SCOPE})
    if absent.total() * 2 > scoped:
        reason, count = absent.most_common(1)[0]
        raise DataError(
            f"{source.path}: {count} of {scoped} utterances are {reason}; take tables and features "
            f"from one copy, or leave the features out with --column ROLE="
        )

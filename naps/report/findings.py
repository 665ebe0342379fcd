"""What the numbers say, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from naps.report.clusters import Statistic
from naps.report.folder import RunContent
from naps.report.words import (
    CATEGORY_PHRASES,
    SHORT_KINDS,
    decimal,
    duration,
    percent,
    plural,
    probability,
)


@dataclass(frozen=True)
class Finding:
    """A sentence and the numbers in it."""

    sentence: str
    numbers: dict[str, object]


def findings(run: RunContent) -> list[Finding]:
    """Say what a run found: the recognizer, the events, and what clusters by what, and where.

    A category is said to exceed chance where its silhouette exceeds the 99th percentile of
    shuffled classes. The layer named is the one with the greatest silhouette among those.
    """
    return [*_recognizer(run), *_events(run), *_clusters(run)]


def category_series(run: RunContent, kind: str) -> Iterator[tuple[str, str]]:
    """Give each group and category that has a statistic in some layer of a kind."""
    for group in run.groups:
        entry = run.clusters.get((group, kind))
        names: dict[str, None] = {}
        for tree in entry.layers.values() if entry is not None else ():
            names.update(dict.fromkeys(k for k, v in tree.categories.items() if v.statistics))
        for name in sorted(names, key=lambda n: (n not in CATEGORY_PHRASES, _rank(n), n)):
            yield group, name


def _rank(category: str) -> int:
    known = list(CATEGORY_PHRASES)
    return known.index(category) if category in known else len(known)


def _recognizer(run: RunContent) -> Iterator[Finding]:
    rates = run.events_summary.get("error_rates") or {}
    for split, row in rates.items():
        if len(rates) > 1 and split == "all":
            continue
        where = "all utterances" if split == "all" else f"the {split} utterances"
        yield Finding(
            f"The recognizer gets {percent(row.get('cer'))} of the letters and "
            f"{percent(row.get('wer'))} of the words of {where} wrong.",
            {"split": split, "cer": row.get("cer"), "wer": row.get("wer")},
        )


def _events(run: RunContent) -> Iterator[Finding]:
    summary = run.events_summary
    if "events" not in summary:
        return
    phones = summary.get("phoneme_events")
    used, all_of = summary.get("used"), summary.get("utterances")
    # Letters without a phoneme are logged too, but stay letter events.
    left_out = run.dropped[run.dropped["stage"] != "phonemes"]
    dropped = int(left_out["count"].sum())
    text = f"The profiles rest on {summary['events']:,} letter events"
    if isinstance(phones, int):
        text += f", {phones:,} of them with a phoneme,"
    if isinstance(used, int) and isinstance(all_of, int):
        text += f" from {used:,} of {all_of:,} utterances"
    if "audio_s" in summary:
        text += f" ({duration(summary['audio_s'])} of audio)"
    text += f"; {dropped:,} were left out." if dropped else "; nothing was left out."
    yield Finding(text, {"events": summary["events"], "phonemes": phones, "dropped": dropped})


def _clusters(run: RunContent) -> Iterator[Finding]:
    for kind in run.kinds:
        for group, category in category_series(run, kind):
            rows: list[tuple[str, Statistic]] = []
            for layer, tree in run.clusters[group, kind].layers.items():
                found = tree.categories.get(category)
                if found is not None and "silhouette" in found.statistics:
                    statistic = found.statistics["silhouette"]
                    if statistic.value == statistic.value:
                        rows.append((layer, statistic))
            if rows:
                yield _sentence(group, kind, category, rows)


def _sentence(group: str, kind: str, category: str, rows: list[tuple[str, Statistic]]) -> Finding:
    above = [row for row in rows if row[1].above_chance]
    layer, best = max(above or rows, key=lambda row: row[1].value)
    phrase = CATEGORY_PHRASES.get(category, f"by {category}")
    kind_name = SHORT_KINDS.get(kind, kind)
    numbers = (
        f"silhouette {decimal(best.value)}, chance 99th percentile {decimal(best.chance_p99)}, "
        f"p = {probability(best.p)}"
    )
    if above:
        text = (
            f"{group.capitalize()} profiles ({kind_name}) cluster {phrase} most clearly in "
            f"{layer}: {numbers}. {len(above)} of {len(rows)} layers exceed chance."
        )
    else:
        text = (
            f"In none of {len(rows)} layers do the profiles of {plural(group)} ({kind_name}) "
            f"cluster {phrase} above chance; nearest is {layer}: {numbers}."
        )
    return Finding(
        text,
        {
            "group": group,
            "kind": kind,
            "category": category,
            "layer": layer,
            "silhouette": _json(best.value),
            "chance_p99": _json(best.chance_p99),
            "p": _json(best.p),
            "layers": len(rows),
            "layers_above_chance": len(above),
        },
    )


def _json(value: float) -> float | None:
    return None if value != value else value

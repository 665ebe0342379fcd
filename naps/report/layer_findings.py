"""What the statistics say from layer to layer, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from naps.report.clusters import Reliability
from naps.report.finding import Finding, known
from naps.report.folder import RunContent
from naps.report.layer_series import (
    Series,
    category_series,
    headline_series,
    relation_series,
)
from naps.report.words import (
    CATEGORY_PHRASES,
    CONTROL_NAMES,
    RELATION_NAMES,
    SHORT_KINDS,
    decimal,
    plural,
    probability,
)

# What stands on top of a report, where the run has it.
_MAIN_CATEGORIES = {("phoneme", "manner"), ("letter", "vowel")}
_MAIN_RELATIONS = {
    ("phoneme", "phonetic"),
    ("phoneme", "phonetic beyond acoustic"),
    ("letter", "spelling"),
}


def layer_findings(run: RunContent) -> Iterator[Finding]:
    """Say which layers cluster by what, follow what, how surely, and what controls do."""
    yield from _contest(run)
    for place, kind in enumerate(run.kinds):
        series = category_series(run, kind, "silhouette")
        first = {s.group: s.category for s in reversed(series)}
        for entry in series:
            key = (entry.group, entry.category)
            main = key in _MAIN_CATEGORIES or (
                entry.group not in ("phoneme", "letter") and first[entry.group] == entry.category
            )
            yield _clustering(entry, main and place == 0)
            if first[entry.group] == entry.category:
                yield from _controls(entry, place == 0 and entry.group == "phoneme")
        for entry in relation_series(run, kind):
            yield _relation(entry, place == 0 and (entry.group, entry.statistic) in _MAIN_RELATIONS)
        for group in run.groups:
            yield from _reliability(run, group, kind, place == 0 and group == "phoneme")
            yield from _cascade(run, group, kind)


def _clustering(series: Series, main: bool) -> Finding:
    layer, best = series.best
    phrase = _phrase(series)
    kind = SHORT_KINDS.get(series.kind, series.kind)
    number, above = len(series.known), _above(series)
    if above:
        text = (
            f"{series.group.capitalize()} profiles ({kind}) cluster {phrase} most clearly in "
            f"{layer}: {_numbers(series)}. {above} of {number} layers exceed chance."
        )
    else:
        text = (
            f"In none of {number} layers do the profiles of {plural(series.group)} ({kind}) "
            f"cluster {phrase} above chance; nearest is {layer}: {_numbers(series)}."
        )
    return Finding(
        text,
        {
            "group": series.group,
            "kind": series.kind,
            "category": series.category,
            "layer": layer,
            "silhouette": best.value,
            "chance_p99": known(best.chance_p99),
            "p": known(best.p),
            "p_corrected": known(best.p_corrected),
            "layers": number,
            "layers_above_chance": above,
        },
        main,
    )


def _relation(series: Series, main: bool) -> Finding:
    layer, best = series.best
    name = RELATION_NAMES.get(series.statistic, series.statistic)
    whose = (
        f"distances between {plural(series.group)} ({SHORT_KINDS.get(series.kind, series.kind)})"
    )
    number, above = len(series.known), _above(series)
    if above:
        text = (
            f"The {whose} follow {name} most closely in {layer}: {_numbers(series)}. "
            f"{above} of {number} layers exceed chance."
        )
    else:
        text = (
            f"In none of {number} layers do the {whose} follow {name} above chance; nearest is "
            f"{layer}: {_numbers(series)}."
        )
    return Finding(
        text,
        {
            "group": series.group,
            "kind": series.kind,
            "relation": series.statistic,
            "layer": layer,
            "correlation": best.value,
            "chance_p99": known(best.chance_p99),
            "p": known(best.p),
            "p_corrected": known(best.p_corrected),
            "layers": number,
            "layers_above_chance": above,
        },
        main,
    )


def _contest(run: RunContent) -> Iterator[Finding]:
    """Say where phonemes part more clearly than letters, where both are asked the same."""
    found = {series.group: series for series in headline_series(run)}
    if {s.category for s in found.values()} != {"vowel"} or len(found) != 2:
        return
    phonemes, letters = dict(found["phoneme"].known), dict(found["letter"].known)
    common = [layer for layer in found["phoneme"].layers if layer in phonemes and layer in letters]
    # Where neither parts beyond chance, which is ahead is noise.
    both = [x for x in common if phonemes[x].above_chance or letters[x].above_chance]
    if not both:
        return
    ahead = {layer: phonemes[layer].value - letters[layer].value for layer in both}
    more = [layer for layer in both if ahead[layer] > 0]
    layer = max(both, key=lambda name: ahead[name])
    kind = SHORT_KINDS.get(found["phoneme"].kind, found["phoneme"].kind)
    values = (
        f"silhouette {decimal(phonemes[layer].value)} of phonemes, "
        f"{decimal(letters[layer].value)} of letters"
    )
    if more:
        text = (
            "Vowels part from consonants more clearly among phonemes than among letters in "
            f"{len(more)} of the {_counted(len(both))} in which either exceeds chance ({kind}), "
            f"most so in {layer}: {values}."
        )
    else:
        text = (
            f"In none of the {_counted(len(both))} in which either exceeds chance ({kind}) do "
            "vowels part from consonants more clearly among phonemes than among letters; nearest "
            f"is {layer}: {values}."
        )
    yield Finding(
        text,
        {
            "kind": found["phoneme"].kind,
            "layer": layer,
            "phonemes": phonemes[layer].value,
            "letters": letters[layer].value,
            "layers": len(both),
            "layers_phonemes_ahead": more,
        },
    )


def _controls(series: Series, main: bool) -> Iterator[Finding]:
    """Say how far control networks get, beside the trained one."""
    layer, best = series.best
    for name in CONTROL_NAMES.values():
        line = series.controls.get(name)
        if line is None:
            continue
        values = {
            place: value for place, value in zip(series.layers, line, strict=True) if value == value
        }
        top = max(values, key=lambda place: values[place])
        yield Finding(
            f"With {name} the silhouette of {plural(series.group)} {_phrase(series)} "
            f"({SHORT_KINDS.get(series.kind, series.kind)}) is at most {decimal(values[top])} in "
            f"any layer ({top}); in the trained network it reaches {decimal(best.value)} "
            f"({layer}).",
            {
                "group": series.group,
                "kind": series.kind,
                "category": series.category,
                "control": name,
                "layer": top,
                "silhouette": values[top],
                "trained": best.value,
                "trained_layer": layer,
            },
            main,
        )


def _reliability(run: RunContent, group: str, kind: str, main: bool) -> Iterator[Finding]:
    entry = run.clusters.get((group, kind))
    rows: dict[str, Reliability] = {
        layer: tree.reliability
        for layer, tree in (entry.layers.items() if entry is not None else ())
        if tree.reliability is not None
        and tree.reliability.reliability == tree.reliability.reliability
    }
    if not rows:
        return
    layer = min(rows, key=lambda name: rows[name].reliability)
    least = rows[layer]
    yield Finding(
        f"The distances between {plural(group)} ({SHORT_KINDS.get(kind, kind)}) are least "
        f"reliable in {layer}: {decimal(least.reliability, 2)}, so that no correlation with "
        f"distances from elsewhere can be expected above {decimal(least.ceiling, 2)}.",
        {
            "group": group,
            "kind": kind,
            "layer": layer,
            "reliability": least.reliability,
            "noise_ceiling": known(least.ceiling),
        },
        main,
    )


def _cascade(run: RunContent, group: str, kind: str) -> Iterator[Finding]:
    """Say what is left of a layer's distances when it and all above it are random."""
    found = {
        layer.name: run.controls.get(
            (f"random-from-{layer.name}", group, kind, layer.name, "similarity"), float("nan")
        )
        for layer in run.layers
    }
    left = {layer: value for layer, value in found.items() if value == value}
    if not left:
        return
    low, high = min(left, key=lambda n: left[n]), max(left, key=lambda n: left[n])
    yield Finding(
        f"With the weights of a layer and of all above it random, the distances of that layer "
        f"between {plural(group)} ({SHORT_KINDS.get(kind, kind)}) correlate with those of the "
        f"trained network at {decimal(left[low], 2)} ({low}) to {decimal(left[high], 2)} ({high}).",
        {"group": group, "kind": kind, "similarity": left},
        False,
    )


def _counted(layers: int) -> str:
    return "one layer" if layers == 1 else f"{layers} layers"


def _phrase(series: Series) -> str:
    return CATEGORY_PHRASES.get(series.category, f"by {series.category}")


def _above(series: Series) -> int:
    return sum(statistic.above_chance for _, statistic in series.known)


def _numbers(series: Series) -> str:
    _, best = series.best
    name = series.statistic if series.category else "rank correlation"
    p = f"p = {probability(best.p)}"
    if best.corrected:
        p = f"corrected p = {probability(best.p_corrected)}"
    return f"{name} {decimal(best.value)}, chance 99th percentile {decimal(best.chance_p99)}, {p}"

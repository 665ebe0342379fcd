"""What the numbers of a comparison say, in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from naps.report.comparison_content import MEASURES, ComparisonContent, LayerPair, Likeness
from naps.report.finding import Finding, known
from naps.report.words import decimal, listed, percent, plural, probability

LANGUAGES = {"en": "English", "de": "German"}
MEASURE_NAMES = {"unit_correlation": "unit correlation", "rsa": "RSA", "cka": "CKA"}
_CLAIMS = {
    "unit_correlation": "The same units answer alike to the same {groups}",
    "rsa": "The two hold the same {groups} together (RSA, rank correlation of their distances)",
    "cka": "Activations as a whole are alike (CKA)",
}
VERDICTS = {True: "holds", False: "does not hold", None: "undecided, as it was not tested"}


def comparison_findings(content: ComparisonContent) -> list[Finding]:
    """Say what was compared, how alike it is in which layers, and what came of the statement."""
    found = [_compared(content)]
    if content.statement is not None:
        found.append(_verdict(content))
    found += [
        _measured(content, name)
        for name in MEASURES
        if any(name in pair.measures and pair.measures[name].known for pair in content.layers)
    ]
    found += [*_elsewhere(content), *_agreed(content), *_left_out(content)]
    return found


def within(likeness: Likeness, digits: int = 2) -> str:
    """Write a value with its interval."""
    value = decimal(likeness.value, digits)
    if math.isnan(likeness.low) or math.isnan(likeness.high):
        return value
    return f"{value} ({decimal(likeness.low, digits)} to {decimal(likeness.high, digits)})"


def share_within(likeness: Likeness) -> str:
    """Write a share in percent with its interval."""
    value = percent(likeness.value)
    if math.isnan(likeness.low) or math.isnan(likeness.high):
        return value
    return f"{value} ({percent(likeness.low)} to {percent(likeness.high)})"


def languages(codes: object) -> str:
    """Name languages by their codes."""
    if not codes:
        return "speech of a language that was not recorded"
    listed = [codes] if isinstance(codes, str) else list(codes) if isinstance(codes, list) else []
    return " and ".join(LANGUAGES.get(str(code), str(code)) for code in listed)


def side(facts: Mapping[str, Any]) -> str:
    """Name a run by who hears what."""
    return f"{facts.get('model', 'a model')} on {languages(facts.get('speech'))}"


def _compared(content: ComparisonContent) -> Finding:
    a, b = content.a, content.b
    names = content.names
    if content.case == "same-model":
        what = (
            f"One recognizer, {a.get('model')}, hears two corpora: {languages(a.get('speech'))} "
            f"({names[0]}) and {languages(b.get('speech'))} ({names[1]})"
        )
    elif content.case == "same-speech":
        what = (
            f"Two recognizers, {a.get('model')} ({names[0]}) and {b.get('model')} ({names[1]}), "
            f"hear the same speech ({languages(a.get('speech'))})"
        )
    else:
        what = (
            f"Two recognizers hear different speech: {side(a)} ({names[0]}) and {side(b)} "
            f"({names[1]})"
        )
    units = "units correspond" if content.same_units else "units do not correspond one to one"
    shared = len(content.shared)
    return Finding(
        f"{what}. {shared} {plural(content.group)} are compared in {len(content.layers)} pairs of "
        f"layers; {units}.",
        {"case": content.case, "shared": shared, "layers": len(content.layers)},
    )


def _verdict(content: ComparisonContent) -> Finding:
    statement = content.statement
    assert statement is not None
    text = f"“{statement.claim}”: {VERDICTS[statement.holds]}"
    if statement.difference.known:
        text += (
            f"; similarity of inner layers {within(statement.similarity)}, of the outputs "
            f"{within(statement.predictions_cka)}, difference {within(statement.difference)}"
        )
    return Finding(
        f"{text}.",
        {
            "claim": statement.claim,
            "holds": statement.holds,
            "similarity": _plain(statement.similarity),
            "predictions_cka": _plain(statement.predictions_cka),
            "difference": _plain(statement.difference),
        },
    )


def _measured(content: ComparisonContent, name: str) -> Finding:
    pairs = [p for p in content.layers if name in p.measures and p.measures[name].known]
    above = [pair for pair in pairs if pair.measures[name].above_chance]
    best = max(above or pairs, key=lambda pair: pair.measures[name].value)
    least = min(pairs, key=lambda pair: pair.measures[name].value)
    claim = _CLAIMS[name].format(groups=plural(content.group))
    numbers = f"{best.name}: {within(best.measures[name])}{_beside(best.measures[name])}"
    if not above:
        text = f"{claim} above chance in none of {len(pairs)} layers; nearest is {numbers}."
    else:
        text = f"{claim} most in {numbers}"
        if least is not best:
            text += f"; least in {least.name}: {within(least.measures[name])}"
        text += f". {len(above)} of {len(pairs)} layers exceed chance."
    return Finding(
        text,
        {"measure": name, "layers": len(pairs), "layers_above_chance": len(above)}
        | {"most": _numbers(best, name), "least": _numbers(least, name)},
    )


def _beside(likeness: Likeness) -> str:
    """Say what a value has to be read with."""
    parts = []
    if not math.isnan(likeness.chance_p99):
        parts.append(f"chance 99th percentile {decimal(likeness.chance_p99, 2)}")
    elif not math.isnan(likeness.chance_mean):
        parts.append(f"chance {decimal(likeness.chance_mean, 2)}")
    if not math.isnan(likeness.p_corrected):
        parts.append(f"p corrected for the layers {probability(likeness.p_corrected)}")
    if not math.isnan(likeness.ceiling):
        parts.append(f"noise ceiling {decimal(likeness.ceiling, 2)}")
    return f", {', '.join(parts)}" if parts else ""


def _elsewhere(content: ComparisonContent) -> Iterator[Finding]:
    """Say which layers are most alike, where their names say nothing of it."""
    for measure, matrix in content.matrices.items():
        nearest = matrix.nearest()
        if matrix.layers_a == matrix.layers_b or not nearest:
            continue
        named = [f"{a} and {b} ({decimal(value, 2)})" for a, b, value in nearest]
        yield Finding(
            f"For each layer of {content.names[0]} the most alike of {content.names[1]} by "
            f"{MEASURE_NAMES[measure]}: {listed(named, 12)}.",
            {"measure": measure, "nearest": [list(row) for row in nearest]},
        )


def _agreed(content: ComparisonContent) -> Iterator[Finding]:
    agreement = content.agreement
    if agreement is None:
        return
    frames, events = agreement.frames, agreement.events
    text = (
        f"The two write the same letter, or both none, in {share_within(frames.same)} of "
        f"{frames.count:,} frames (chance {percent(frames.same.chance_mean)})"
    )
    numbers = {"frames": frames.count, "frames_same": _plain(frames.same)}
    if events is not None:
        text += (
            f"; of the {events.count:,} letters of {content.names[0]}, {content.names[1]} writes "
            f"{share_within(events.same)}, too (chance {percent(events.same.chance_mean)})"
        )
        numbers |= {"events": events.count, "events_same": _plain(events.same)}
    yield Finding(f"{text}.", numbers)


def _left_out(content: ComparisonContent) -> Iterator[Finding]:
    parts = [
        f"{len(labels)} only in {name} ({listed(labels, 40)})"
        for name, labels in zip(content.names, (content.only_a, content.only_b), strict=True)
        if labels
    ]
    if parts:
        yield Finding(
            f"Not compared, because the other run lacks them or has too few events: "
            f"{'; '.join(parts)}.",
            {"only_a": list(content.only_a), "only_b": list(content.only_b)},
        )


def _numbers(pair: LayerPair, name: str) -> dict[str, object]:
    likeness = pair.measures[name]
    return {"layer": pair.name} | _plain(likeness)


def _plain(likeness: Likeness) -> dict[str, object]:
    return {key: known(value) for key, value in vars(likeness).items()}

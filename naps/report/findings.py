"""What the numbers say, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from naps.report.finding import Finding, known
from naps.report.folder import RunContent
from naps.report.layer_findings import layer_findings
from naps.report.words import and_, duration, percent

__all__ = ["Finding", "findings", "split_findings"]

# More than this nobody reads at once.
_MOST = 12


def findings(run: RunContent) -> list[Finding]:
    """Say what a run found: the recognizer, the events, and what clusters by what, and where.

    A statistic is said to exceed chance where its p, corrected for the number of layers, is below
    0.05, or, in runs without such, where it exceeds the 99th percentile of chance. The layer named
    is the one with the greatest value among those.
    """
    return [*_recognizer(run), *_events(run), *layer_findings(run), *_probes(run)]


def split_findings(found: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Part the findings that stand on top from the others."""
    top = [entry for entry in found if entry.main][:_MOST]
    return top, [entry for entry in found if entry not in top]


def _recognizer(run: RunContent) -> Iterator[Finding]:
    rates = run.events_summary.get("error_rates") or {}
    splits = [split for split in rates if split != "all" or len(rates) == 1]
    if not splits:
        return
    parts = []
    for split in splits:
        where = "all utterances" if split == "all" else f"the {split} utterances"
        cer, wer = percent(rates[split].get("cer")), percent(rates[split].get("wer"))
        parts.append(f"{cer} of the letters and {wer} of the words of {where}")
    yield Finding(
        f"The recognizer gets {'; '.join(parts)} wrong.",
        {split: {key: rates[split].get(key) for key in ("cer", "wer")} for split in splits},
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


def _probes(run: RunContent) -> Iterator[Finding]:
    for target, part in run.probes.groupby("target", sort=False):
        rows = part[part["accuracy"].notna()].sort_values("accuracy", kind="stable")
        if rows.empty:
            continue
        best = rows.iloc[-1]
        numbers = {
            name: known(float(best[name]))
            for name in ("accuracy", "low", "high", "chance_mean", "chance_p99", "majority")
        }
        notes = [f"chance {percent(best['chance_mean'])}"] if best["chance_mean"] >= 0 else []
        if best["majority"] >= 0:
            notes.append(f"the most frequent class {percent(best['majority'])}")
        interval = ""
        if best["low"] >= 0 and best["high"] >= 0:
            interval = f" (95 % interval {percent(best['low'])} to {percent(best['high'])})"
        held = f" of other {best['disjoint']}" if best["disjoint"] else ""
        text = (
            f"A linear probe reads the {target} of events{held} best from {best['layer']}: "
            f"{percent(best['accuracy'])} right{interval}"
        )
        yield Finding(
            f"{text}; {and_(notes)}." if notes else f"{text}.",
            {"target": str(target), "layer": str(best["layer"]), **numbers},
        )

"""The page of an utterance explained: relevance over its spectrogram, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from naps.files import write_text
from naps.plots.relevance import falling_score, relevance_by_time, relevance_maps
from naps.plots.render import known_formats
from naps.report.element import Element, facts, render, table
from naps.report.explained import ExplainedSpeech, Judged
from naps.report.report_folder import ReportFolder, Words, fit
from naps.report.words import decimal, percent, shown

RELEVANCE_REFERENCES = (
    "Bach, S., Binder, A., Montavon, G., Klauschen, F., Müller, K.-R., & Samek, W. (2015). On "
    "pixel-wise explanations for non-linear classifier decisions by layer-wise relevance "
    "propagation. PLOS ONE, 10(7), e0130140.",
    "Arras, L., Montavon, G., Müller, K.-R., & Samek, W. (2017). Explaining recurrent neural "
    "network predictions in sentiment analysis. WASSA at EMNLP 2017.",
    "Samek, W., Binder, A., Montavon, G., Lapuschkin, S., & Müller, K.-R. (2017). Evaluating the "
    "visualization of what a deep neural network has learned. IEEE Transactions on Neural Networks "
    "and Learning Systems, 28(11), 2660–2673.",
)
# Sums of sizes by the score: beyond the first a map is to be read with care, beyond the second
# hardly at all.
_CARE, _NOISE = 3.0, 10.0
_SEEN, _LEAST_S, _MOST_S = 0.75, 0.15, 1.0


def speech_page(content: ExplainedSpeech, folder: Path, formats: Sequence[str] = ()) -> Path:
    """Write ``index.html``, and the numbers of its figures to ``data``.

    Parameters
    ----------
    content : ExplainedSpeech
    folder : Path
    formats : sequence of str
        Each figure is also written to ``figures`` in these: ``pdf``, ``png``, ``svg``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If there is no such format.
    """
    formats = known_formats(formats)
    out = ReportFolder(folder, formats)
    figures = [_overview(content, out), _maps(content, out)]
    if content.judged is not None:
        figures.append(_judged(content.judged, out))
    overview, maps, *judged = fit(figures)
    page = out.path / "index.html"
    html = render(
        "explained_speech.html",
        version=shown(content.provenance.get("naps")),
        title=f"What {content.model} heard in {content.utterance}",
        lead=f"It wrote “{content.heard}”. {content.method}.",
        findings=findings(content),
        judged=judged[0] if judged else None,
        overview=overview,
        maps=maps,
        table=_table(content, out),
        provenance=facts("Explanation", content.provenance),
        references=RELEVANCE_REFERENCES,
    )
    write_text(page, html)
    return page


def findings(content: ExplainedSpeech) -> list[str]:
    """Say in sentences how good an explanation is."""
    items, found = content.items, []
    if content.judged is not None:
        found.append(_verdict(content.judged))
    if content.shared:
        error = float(np.median([item.error for item in items]))
        found.append(
            f"Of a letter's score, {percent(error)} (median) is not the spectrogram's: biases and "
            f"the stabilizer of the divisions took it, or added to it."
        )
        ratio = float(np.median([item.cancellation for item in items]))
        text = (
            f"The relevance of a letter, for and against together, has {decimal(ratio, 1)} times "
            f"the size of its score (median)"
        )
        if ratio > _NOISE:
            text += ": nearly all of it cancels, and no single spot of a map should be believed"
        elif ratio > _CARE:
            text += ": much of it cancels; read regions, not single spots"
        found.append(f"{text}.")
    near, even = (
        float(np.median([getattr(item, name) for item in items])) for name in ("near", "near_even")
    )
    found.append(
        f"Within 100 ms of a letter lie {percent(near)} of its relevance by size (median); spread "
        f"evenly over all that the letter depends on, it would be {percent(even)}."
    )
    if content.left_out:
        found.append(f"{content.left_out} more letters of the utterance were not explained.")
    return found


def _verdict(judged: Judged) -> str:
    what = (
        f"Without the most relevant regions ({percent(judged.share)} of what a letter depends on) "
        f"its score falls by {decimal(judged.fall, 2)} on average [{decimal(judged.fall_low, 2)}, "
        f"{decimal(judged.fall_high, 2)}], without as many random ones near it by "
        f"{decimal(judged.chance_fall, 2)}: "
    )
    if judged.fall_low > judged.chance_fall:
        return f"{what}what is called relevant is, for {judged.items} letters tried."
    return f"{what}for {judged.items} letters tried that is no better than chance."


def _frames(content: ExplainedSpeech) -> list[float]:
    return [item.time_s / content.frame_s for item in content.items]


def _labels(content: ExplainedSpeech) -> list[str]:
    return [
        item.label if item.label == item.target else f"{item.label} → {item.target}"
        for item in content.items
    ]


def _shares(content: ExplainedSpeech) -> np.ndarray:
    """Relevance as a share of each score, so that letters can be compared."""
    sizes = np.array([max(abs(item.score), 1e-12) for item in content.items], np.float32)
    return content.relevance / sizes[:, None, None]


def _overview(content: ExplainedSpeech, out: ReportFolder) -> Element:
    # What comes after the last letter explained is but white.
    end = round(max(_frames(content)) + _MOST_S / content.frame_s)
    by_time = _shares(content)[:, :end].sum(2)
    labels = _labels(content)
    header = ["letter", *(f"{n * content.frame_s:.3f}" for n in range(by_time.shape[1]))]
    rows = ([k, *(f"{v:.4g}" for v in row)] for k, row in zip(labels, by_time, strict=True))
    figure = relevance_by_time(
        content.spectrogram[:end], by_time, _frames(content), labels,
        frame_s=content.frame_s, mel_hz=content.mel_hz,
    )  # fmt: skip
    words = Words(
        "Relevance by time",
        f"Above, the spectrogram with {len(labels)} letters; below, a row for each letter that "
        f"shows at which times its relevance lies.",
        "Summed over frequency, as a share of the letter's score; red for the letter, blue "
        "against it. A mark in each row is where the recognizer writes the letter.",
        out.data.table("relevance-by-time", header, rows),
    )
    return out.drawing("by-time", figure, words)


def _maps(content: ExplainedSpeech, out: ReportFolder) -> Element:
    frames, shares = _frames(content), _shares(content)
    reach = _reach(shares, frames, content.frame_s)
    figure = relevance_maps(
        content.spectrogram, shares, frames, _labels(content),
        frame_s=content.frame_s, mel_hz=content.mel_hz, reach=reach,
    )  # fmt: skip
    words = Words(
        "Relevance over the spectrogram",
        f"A panel for each of {len(frames)} letters: relevance in red and blue over the grey "
        f"spectrogram around it.",
        "Share of the letter's score; red speaks for it, blue against it, grey is the spectrogram. "
        f"Around each letter as far as {_SEEN:.0%} of all relevance by size lies, up to "
        f"{_MOST_S:g} s. One scale for all panels; the strongest cells are beyond its ends.",
        "relevance.nc",
    )
    return out.picture("maps", figure, words, 1_400_000)


def _reach(shares: np.ndarray, frames: Sequence[float], frame_s: float) -> int:
    """Give the frames around letters that hold most of the relevance."""
    sizes = np.abs(shares).sum(2)
    lags = np.abs(np.arange(sizes.shape[1]) - np.array(frames)[:, None])
    order = np.argsort(lags, axis=None)
    held = np.cumsum(sizes.ravel()[order])
    place = min(int(np.searchsorted(held, _SEEN * held[-1])), len(held) - 1)
    reach = float(lags.ravel()[order[place]]) * frame_s
    return max(1, round(min(max(reach, _LEAST_S), _MOST_S) / frame_s))


def _judged(judged: Judged, out: ReportFolder) -> Element:
    rows = zip(range(len(judged.curve)), judged.curve.tolist(), judged.chance.tolist(), strict=True)
    frames, bands = judged.region
    words = Words(
        "The test",
        "Two lines that fall from the same score: one without the most relevant regions, the other "
        "without random ones.",
        f"Mean score of {judged.items} letters while regions of {frames} frames by {bands} mel "
        f"bands are set to the mean of the spectrogram. The further below chance, the better the "
        f"map.",
        out.data.table("flipping", ["regions", "most relevant first", "by chance"], rows),
    )
    return out.drawing("test", falling_score(judged.curve.tolist(), judged.chance.tolist()), words)


def _table(content: ExplainedSpeech, out: ReportFolder) -> Element:
    header = ["letter", "time (s)", "explained", "probability", "score", "relevance", "missing",
              "cancels", "within 100 ms", "by chance"]  # fmt: skip
    rows = [
        [
            item.label, decimal(item.time_s, 2), item.target, decimal(item.probability, 2),
            decimal(item.score, 2), decimal(item.total, 2), percent(item.error),
            decimal(item.cancellation, 1), percent(item.near), percent(item.near_even),
        ]
        for item in content.items
    ]  # fmt: skip
    names = list(vars(content.items[0]))
    data = out.data.table("letters", names, ([*vars(item).values()] for item in content.items))
    caption = (
        "Score of the letter before the softmax; relevance of the whole spectrogram; their "
        "difference by the score; sum of the sizes of all relevance by the score; share of the "
        "relevance by size within 100 ms, and if it were spread evenly over what the letter "
        "depends on."
    )
    return table(
        "Letters", header, rows, numeric=(1, 3, 4, 5, 6, 7, 8, 9), caption=caption, data=data
    )

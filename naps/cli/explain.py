"""``naps explain``: relevance of words, or of the spectrogram that letters were heard in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naps.cli.options import DeviceOption, FormatsOption, formats_of
from naps.cli.progress import say
from naps.errors import InputError

if TYPE_CHECKING:
    from rich.text import Text

    from naps.pipeline.explaining_options import MethodOptions
    from naps.report.element import Element
    from naps.report.explained import ExplainedSentences, ExplainedSpeech, Sentence

_SPEECH = "Of speech: "
# Sentences of a file that are printed; all are written.
_PRINTED = 20


def explain(
    sentence: Annotated[str | None, typer.Argument(help="A sentence.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="In place of a sentence: a file of them, one a line.")
    ] = None,
    audio: Annotated[
        Path | None, typer.Option(help="In place of a sentence: a recording to be recognised.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="In place of a sentence: the folder of a finished run.")
    ] = None,
    utterance: Annotated[str | None, typer.Option(help="Of --run: the id of an utterance.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A shipped model or a file; the shipped sentiment model for sentences, "
            "wav2letter-en-mini for a recording, a run's own. Of speech also a Python path, which "
            "is imported."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="What is explained in place of the predicted class: its name or number; of "
            "speech a letter."
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="lrp, gradient, sensitivity, gradient_times_input, integrated_gradients, "
            "smoothgrad, guided_backprop, occlusion, contextual_decomposition, random."
        ),
    ] = "lrp",
    gate_rule: Annotated[
        str | None, typer.Option(help="Of lrp through LSTM and GRU cells: all, half, abs, prop.")
    ] = None,
    epsilon: Annotated[float | None, typer.Option(help="Of lrp: the stabilizer.")] = None,
    composite: Annotated[
        str | None,
        typer.Option(help=f"{_SPEECH}rules of lrp by layer: steady, spectrogram, epsilon_plus …"),
    ] = None,
    units: Annotated[
        bool,
        typer.Option("--units", help="Of sentences: also what each LSTM unit is relevant for."),
    ] = False,
    most: Annotated[
        int, typer.Option(min=1, help=f"{_SPEECH}letters explained at most, from the first.")
    ] = 40,
    test: Annotated[
        bool,
        typer.Option(
            "--test/--no-test", help=f"{_SPEECH}remove what is relevant, to see what it matters."
        ),
    ] = True,
    out: Annotated[
        Path | None, typer.Option(help="Where to write; runs/explain or runs/explain-NAME.")
    ] = None,
    formats: FormatsOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Say which words made a class likely, or which sounds a letter.

    Prints it, and writes a page with heat maps and the numbers as JSON, those of speech also as
    NetCDF.
    """
    from naps.pipeline.explaining_options import MethodOptions

    given = [name for name, value in (("SENTENCE", sentence), ("--file", file), ("--audio", audio),
                                      ("--run", run)) if value is not None]  # fmt: skip
    if len(given) != 1:
        raise InputError(
            f"give one of: a sentence, --file, --audio, or --run with --utterance"
            f"{', not ' + ' and '.join(given) if given else ''}"
        )
    if (run is None) != (utterance is None):
        raise InputError("--run and --utterance belong together")
    figures = formats_of(formats)
    options = MethodOptions(method, gate_rule, composite, epsilon)
    if audio is not None or run is not None:
        if units:
            raise InputError("--units is for sentences")
        from naps.pipeline import explaining_speech as speech

        spoken = (
            speech.recording(audio, model or "wav2letter-en-mini", device)
            if audio is not None
            else speech.utterance_of_run(run or Path(), utterance or "", model, device)
        )
        heard = speech.explain_speech(spoken, options, target=target, most=most, test=test)
        _print_speech(heard)
        folder = out or Path("runs") / f"explain-{Path(heard.utterance).name}"
        print(speech.write_speech(heard, folder, figures))
        return
    _explain_words(
        sentence, file, model, target, options, out or Path("runs") / "explain", device, units=units
    )


def _explain_words(
    sentence: str | None,
    file: Path | None,
    model: str | None,
    target: str | None,
    options: MethodOptions,
    out: Path,
    device: str,
    *,
    units: bool,
) -> None:
    from naps.models import load_sentiment_model, shipped_sentiment_models
    from naps.pipeline.explaining_words import explain_texts, read_texts, write_words
    from naps.pipeline.runner import choose_device

    texts = [sentence or ""] if file is None else read_texts(file)
    shipped = shipped_sentiment_models()
    if model is None and not shipped:
        raise InputError("no sentiment model is shipped; give one with --model")
    loaded = load_sentiment_model(model or shipped[0], device=choose_device(device))
    found = explain_texts(loaded, texts, options, target=target)
    for one in found.sentences[:_PRINTED]:
        _print_sentence(found, one)
    if (more := len(found.sentences) - _PRINTED) > 0:
        say(f"and {more} more sentences")
    elements: list[Element] = []
    if units:
        from naps.pipeline.explaining_units import explain_units, write_units

        elements = write_units(explain_units(loaded, found, options), out)
    print(write_words(found, out, elements))


def coloured(sentence: Sentence) -> Text:
    """Lay the words of a sentence on their colours."""
    from rich.text import Text

    from naps.relevance import heat_colors
    from naps.report.explained_words import ink

    line = Text()
    for word, colour in zip(sentence.words, heat_colors(sentence.relevance), strict=True):
        line.append(f" {word} ", style=f"{ink(colour)} on {colour}")
    return line


def _print_sentence(found: ExplainedSentences, sentence: Sentence) -> None:
    from rich.console import Console

    from naps.report.explained_words import about

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(coloured(sentence))
    for word, value in zip(sentence.words, sentence.relevance, strict=True):
        say(f"{word}\t{value:+.3f}")
    say(about(found, sentence))


def _print_speech(heard: ExplainedSpeech) -> None:
    from naps.report.explained_speech import findings

    say(f"{heard.model} writes: {heard.heard}")
    say("letter\ttime (s)\texplained\tscore\trelevance\twithin 100 ms")
    for item in heard.items:
        say(
            f"{item.label}\t{item.time_s:.2f}\t{item.target}\t{item.score:.2f}\t"
            f"{item.total:.2f}\t{item.near:.0%}"
        )
    for finding in findings(heard):
        say(finding)

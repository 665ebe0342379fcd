"""``naps pronounce``: how words are said, and which letter stands for which phone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from naps.errors import InputError

_SILENT = "-"


def pronounce(
    words: Annotated[list[str], typer.Argument(help="Words to say.")],
    language: Annotated[str, typer.Option(help="en or de.")] = "en",
    lexicon: Annotated[
        str, typer.Option(help="auto, a dictionary's path, or none to ask the model alone.")
    ] = "auto",
    g2p: Annotated[str, typer.Option(help="auto, a model's path, or none.")] = "auto",
    attention: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Draw there what the model looks at, an SVG a word."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write all of it as JSON.")] = None,
) -> None:
    """Say words with a lexicon and the G2P model, letter by letter."""
    import naps
    from naps.files import write_json, write_text
    from naps.phonology.g2p import load_g2p, shipped_g2p
    from naps.plots import attention_map, svg

    given = {name: None if value == "none" else value for name, value in
             (("lexicon", lexicon), ("g2p", g2p))}  # fmt: skip
    records: list[dict[str, Any]] = []
    for word, said in zip(words, naps.pronounce(words, language, **given), strict=True):
        if said is None:
            print(f"{word}\tcannot be said")
            continue
        pairs = " ".join(
            f"{letter}:{_SILENT if phone is None else said.phones[phone]}"
            for letter, phone in zip(word.lower(), said.letters, strict=True)
        )
        print(f"{word}\t{' '.join(said.phones)}\t{said.source} {said.confidence:.2f}\t{pairs}")
        records.append(
            {
                "word": word,
                "phones": said.phones,
                "letters": said.letters,
                "source": said.source,
                "variant": said.variant,
                "confidence": round(said.confidence, 4),
            }
        )
    written = []
    if attention is not None:
        if g2p == "none":
            raise InputError("--attention needs a G2P model")
        model = shipped_g2p(language) if g2p == "auto" else load_g2p(Path(g2p))
        for number, (word, guess) in enumerate(zip(words, model.pronounce(words), strict=True), 1):
            if not guess.phones:
                continue
            weights = model.attention(word, guess.phones)
            figure = attention_map(weights, list(model.spell(word)), guess.phones)
            safe = "".join(c for c in word if c.isalnum())
            path = attention / f"{number:02d}-{safe}.svg"
            write_text(path, svg(figure))
            written.append(path)
    if out is not None:
        write_json(out, records)
        written.append(out)
    for path in written:
        print(path)

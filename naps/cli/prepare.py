"""``naps prepare``: a corpus on disk to a manifest, sentences, or a pronouncing dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naps.errors import InputError


def prepare(
    layout: Annotated[
        str,
        typer.Argument(
            help="A layout of 'naps list corpora'; sst, for sentences with a sentiment; "
            "synthetic, to make a corpus; or cmudict or wikipron_de, to download a dictionary of "
            "English or German pronunciation."
        ),
    ],
    folder: Annotated[
        Path, typer.Argument(help="The corpus; or where to write what is made or downloaded.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The manifest, FOLDER/manifest.jsonl by default; sst: a folder, FOLDER itself "
            "by default."
        ),
    ] = None,
    download: Annotated[
        str | None,
        typer.Option(metavar="SUBSET", help="librispeech: fetch this subset into FOLDER first."),
    ] = None,
    text: Annotated[
        list[Path] | None,
        typer.Option(help="synthetic: sentences, one a line, or a manifest; may be repeated."),
    ] = None,
    language: Annotated[str, typer.Option(help="synthetic: of the sentences, en or de.")] = "en",
    word_share: Annotated[
        float,
        typer.Option(help="synthetic: share of words replaced by random dictionary words."),
    ] = 0.0,
    longest: Annotated[
        int | None, typer.Option(help="synthetic: cut sentences to so many words.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="synthetic: stop after so many.")] = None,
    seed: Annotated[int, typer.Option(help="synthetic: decides voices, rates and noise.")] = 0,
    split: Annotated[str, typer.Option(help="synthetic: written into the manifest.")] = "train",
) -> None:
    """Write the manifest of a corpus, synthesise one, or download a pronouncing dictionary."""
    import data_prep
    from data_prep.lexica import LEXICA, download_lexicon

    if layout == "synthetic":
        from data_prep.synthetic import prepare_synthetic

        print(
            prepare_synthetic(
                folder, texts=text or (), language=language, word_share=word_share, longest=longest,
                minutes=minutes, seed=seed, split=split,
            )
        )  # fmt: skip
        return
    if layout == "sst":
        from data_prep.sst import prepare_sst

        if download is not None:
            raise InputError("--download fetches parts of librispeech, not of sst")
        print(prepare_sst(folder, out))
        return
    if layout in LEXICA:
        if out is not None or download is not None:
            raise InputError(f"{layout} is a dictionary: --out and --download are for corpora")
        print(download_lexicon(layout, folder))
        return
    if download is not None:
        if layout != "librispeech":
            raise InputError(f"--download fetches parts of librispeech, not of {layout}")
        from data_prep.librispeech_download import download as fetch

        fetch(download, folder)
    print(data_prep.prepare(layout, folder, out))

import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.errors import InputError
from naps.phonology import Lexicon, cmudict, inventory, read_lexicon
from naps.phonology.notation import readings


def read(folder: Path, text: str, name: str = "x.dict", **options: str) -> Lexicon:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_lexicon(path, **options)  # type: ignore[arg-type]


def test_variants_stress_and_comments(tmp_path: Path) -> None:
    text = "read R EH1 D\nread(2) R IY1 D # present\nREAD(3) R IY0 D\n;;; nothing\n# no\n\n"
    text += "it's IH1 T S\n"
    lexicon = read(tmp_path, text)
    assert lexicon["read"] == (("R", "EH", "D"), ("R", "IY", "D"))
    assert "it's" in lexicon
    assert (len(lexicon), lexicon.language) == (2, "en")
    (tmp_path / "x.dict.gz").write_bytes(gzip.compress(text.encode()))
    assert read_lexicon(tmp_path / "x.dict.gz").entries == lexicon.entries


def test_stress_may_be_kept(tmp_path: Path) -> None:
    kept = read(tmp_path, "read R EH1 D\nread(2) R IY1 D\nread(3) R IY0 D\n", stress="keep")
    assert kept["read"] == (("R", "EH1", "D"), ("R", "IY1", "D"), ("R", "IY0", "D"))
    text = "Ahnung\tˈaː n ʊ ŋ\nbeachten\tb ə ˈʔ a x t n̩\nheißen\th ˈa ɪ̯ s ə n\n"
    german = read(tmp_path, text, language="de", stress="keep")
    assert german["ahnung"] == (("ˈaː", "n", "ʊ", "ŋ"),)
    assert german["beachten"] == (("b", "ə", "ˈa", "x", "t", "ə", "n"),)
    assert german["heißen"] == (("h", "ˈaɪ", "s", "ə", "n"),)
    assert read(tmp_path, text, language="de")["heißen"] == (("h", "aɪ", "s", "ə", "n"),)


@pytest.mark.parametrize(
    ("word", "segments", "phones"),
    [
        ("Aalreusen", "aː l ʁ ɔ ɪ̯ z n̩", "aː l ʁ ɔʏ z ə n"),
        ("Autokrat", "a u̯ t o k r aː t", "aʊ t oː k ʁ aː t"),
        ("Abkürzung", "a p k ʏ ʁ t s ʊ ŋ", "a p k ʏ ʁ ts ʊ ŋ"),
        ("Holzkopf", "h ɔ l t͡s k ɔ p f", "h ɔ l ts k ɔ pf"),
        ("abfällig", "a p f ɛ l ɪ ç", "a p f ɛ l ɪ ç"),
        ("Botschaft", "b oː t ʃ a f t", "b oː t ʃ a f t"),
        ("Nation", "n a t͡s ɪ̯ oː n", "n a ts j oː n"),
        ("aktuell", "a k t u̯ ɛ l", "a k t uː ɛ l"),
        ("Beamter", "b ə ʔ a m t ɐ", "b ə a m t ɐ"),
        ("Türklinke", "t yː ɐ̯ k l ɪ ŋ k ə", "t yː ɐ k l ɪ ŋ k ə"),
        ("Mail", "m ɛ ɪ̯ l", "m eː l"),
        ("Nachtasyl", "n a x t ʔ a z yː l", "n a x t a z yː l"),
        ("da-innen", "d a ʔ ɪ n ə n", "d a ɪ n ə n"),
    ],
)
def test_wikipron(tmp_path: Path, word: str, segments: str, phones: str) -> None:
    lexicon = read(tmp_path, f"{word}\t{segments}\n", "x.tsv", language="de")
    assert lexicon.entries == {word.lower(): (tuple(phones.split()),)}
    assert lexicon.language == "de"


def test_mfa(tmp_path: Path) -> None:
    text = (
        "<unk>\tspn\n"
        "a\t0.99\t0.14\t1.0\t1.0\tAH0\n"
        "a\t0.01\tEY1\n"
        "button\tb ɐ ʔ n̩\n"
        "goat\t1.0\tɟ ow t\n"
        "new york\tN UW1 Y AO1 R K\n"
    )
    lexicon = read(tmp_path, text)
    assert lexicon.entries == {
        "a": (("AH",), ("EY",)),
        "button": (("B", "AH", "T", "AH", "N"),),
        "goat": (("G", "OW", "T"),),
        "new york": (("N", "UW", "Y", "AO", "R", "K"),),
    }
    german = read(tmp_path, "eiche\t0.5\taj ç ə\nkreuz\tkʰ ʁ ɔʏ ts\n", language="de")
    assert german.entries == {"eiche": (("aɪ", "ç", "ə"),), "kreuz": (("k", "ʁ", "ɔʏ", "ts"),)}


def test_words_are_lower_case_and_composed_and_a_mark_of_order_is_no_letter(tmp_path: Path) -> None:
    text = "\ufeffA\u0308RGER\tɛ ʁ ɡ ɐ\r\nÄrger\tɛ ʁ ɡ ɐ\r\n"
    assert read(tmp_path, text, language="de").entries == {"ärger": (("ɛ", "ʁ", "ɡ", "ɐ"),)}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("word", "expected a word and its phones"),
        ("word # W ER D", "expected a word and its phones"),
        ("\tW ER D", "expected a word and its phones"),
        ("word\t", "expected a word and its phones"),
        ("word\tmany\tW", "'many'"),
        ("word\t1\t1\t1\t1\t1\tW", "probabilities"),
        ("word XX YY", "'XX' is no arpabet or ipa symbol of a phone"),
        ("word R IY5 D", "'IY5'"),
        ("word R1 IY D", "'R1'"),
        ("word 12 3", "'12'"),
        ("wort v ʁ ʁʁ", "'ʁ'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(InputError, match=r"x\.dict, line 2: ") as caught:
        read(tmp_path, f"a AH\n{line}\n")
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_phone_of_another_language_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.tsv, line 1: 'θ' is no wikipron or ipa symbol"):
        read(tmp_path, "Thriller\tθ ʁ ɪ l ɐ\n", "x.tsv", language="de")
    with pytest.raises(InputError, match="'fr'; there are: en, de"):
        read(tmp_path, "a AH\n", language="fr")


def test_empty_missing_and_damaged(tmp_path: Path) -> None:
    for nothing in ("", "\n", ";;; nothing\n", "<unk>\tspn\n"):
        with pytest.raises(InputError, match="no words"):
            read(tmp_path, nothing)
    for name in ("none.dict", "."):
        with pytest.raises(InputError, match="cannot be read"):
            read_lexicon(tmp_path / name)
    packed = gzip.compress(b"a AH\n" * 999)
    for damaged in (packed[:-20], b"no gzip", packed[:12] + b"\xff\xff" + packed[14:]):
        (tmp_path / "d.dict.gz").write_bytes(damaged)
        with pytest.raises(InputError, match="cannot be read"):
            read_lexicon(tmp_path / "d.dict.gz")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x.dict").write_bytes("über Y UW1 B ER0\n".encode(encoding))
    with pytest.raises(InputError, match=r"x\.dict"):
        read_lexicon(tmp_path / "x.dict")


def test_shipped_dictionary() -> None:
    lexicon = cmudict()
    assert (lexicon.name, lexicon.language) == ("cmudict", "en")
    assert len(lexicon) > 120_000
    assert ("S", "P", "IY", "CH") in lexicon["speech"]
    phones = {p for said in lexicon.entries.values() for one in said for p in one}
    assert phones == set(inventory("en"))
    assert len(phones) == 39


# Neighbours of these may be one phone in German, and the glottal stop is left out.
JOINED = {s for label in readings("wikipron", "de") if " " in label for s in label.split()} | {"ʔ"}
ALONE = {
    "en": sorted(inventory("en")),
    "de": sorted(set(inventory("de")) - JOINED),
}


@pytest.mark.parametrize("language", ["en", "de"])
@given(data=st.data())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, language: str, data: st.DataObject
) -> None:
    said = st.lists(st.sampled_from(ALONE[language]), min_size=1).map(tuple)
    words = st.text("abcdefghijklmnopqrstuvwxyzäöüß'", min_size=1)
    entries = data.draw(st.dictionaries(words, st.lists(said, min_size=1), min_size=1))
    lines = [f"{word}\t{' '.join(one)}\n" for word, many in entries.items() for one in many]
    folder = tmp_path_factory.mktemp("x")
    for text in ("".join(lines), "".join(lines).replace("\t", " ")):
        lexicon = read(folder, text, language=language)
        assert lexicon.entries == {w: tuple(dict.fromkeys(many)) for w, many in entries.items()}


@pytest.mark.data
def test_the_whole_of_cmudict(data: Path) -> None:
    lexicon = read_lexicon(data / "text" / "cmudict" / "cmudict.dict")
    assert len(lexicon) == 126_052
    phones = {p for said in lexicon.entries.values() for one in said for p in one}
    assert phones == set(inventory("en"))
    kept = read_lexicon(data / "text" / "cmudict" / "cmudict.dict", stress="keep")
    assert sum(len(said) for said in kept.entries.values()) > 135_000
    assert {"AH0", "AH1", "AH2"} <= {p for said in kept.entries.values() for o in said for p in o}


@pytest.mark.data
def test_the_whole_of_wikipron(data: Path) -> None:
    path = data / "text" / "wikipron_de" / "deu_latn_broad_filtered.tsv"
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 47_779
    lexicon = read_lexicon(path, language="de")
    assert set(lexicon.entries) == {line.split("\t")[0].lower() for line in lines}
    phones = {p for said in lexicon.entries.values() for one in said for p in one}
    # Left out, and not in WikiPron's own list of German phones.
    assert phones == set(inventory("de")) - {"ʔ", "ʒ", "dʒ"}
    assert ("k", "ɔ", "pf") in lexicon["kopf"]


def test_several_pronunciations_in_columns(tmp_path: Path) -> None:
    path = tmp_path / "columns.ref"
    path.write_text("ABS\tAE B Z\tEY B IY EH S\nABBEY\tAE B IY\n", encoding="utf-8")
    lexicon = read_lexicon(path)
    assert lexicon["abs"] == (("AE", "B", "Z"), ("EY", "B", "IY", "EH", "S"))
    assert lexicon["abbey"] == (("AE", "B", "IY"),)
    path.write_text("ABS\tAE B Z\t0.5\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        read_lexicon(path)
    path.write_text("ABS\tAE B Z\t\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        read_lexicon(path)


@pytest.mark.data
def test_the_published_division(data: Path) -> None:
    folder = data / "text" / "g2p_cmudict_split"
    test = read_lexicon(folder / "g014b2b.ref")
    counts = Counter(len(said) for said in test.entries.values())
    assert counts == {1: 11_327, 2: 614, 3: 41, 4: 16, 5: 1, 6: 1}
    train = read_lexicon(folder / "g014b2b.train")
    assert len(train) == 106_837
    assert not set(train.entries) & set(test.entries)

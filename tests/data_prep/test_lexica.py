"""Fetching dictionaries from a server of our own."""

from __future__ import annotations

import io
from email.message import Message
from pathlib import Path
from urllib.error import URLError

import pytest

from data_prep import lexica
from naps.cli.prepare import prepare
from naps.errors import InputError

ENGLISH = b"read R EH1 D\nread(2) R IY1 D\n"
GERMAN = "Haus\th a ʊ̯ s\n".encode()
FILES = {"cmudict": "cmudict.dict", "wikipron_de": "deu_latn_broad_filtered.tsv"}


class Response(io.BytesIO):
    """What `urlopen` gives, so far as it is used."""

    def __init__(self, body: bytes, url: str, length: int | None) -> None:
        super().__init__(body)
        self.url = url
        self.headers = Message()
        if length is not None:
            self.headers["Content-Length"] = str(length)


def serve(
    monkeypatch: pytest.MonkeyPatch, body: bytes, *, url: str = "", length: int | None = None
) -> list[str]:
    asked: list[str] = []

    def answer(address: str, timeout: float) -> Response:
        assert address.startswith("https://")
        assert 0 < timeout <= 60
        asked.append(address)
        return Response(body, url or address, len(body) if length is None else length)

    monkeypatch.setattr(lexica, "urlopen", answer)
    return asked


@pytest.mark.parametrize(("name", "body"), [("cmudict", ENGLISH), ("wikipron_de", GERMAN)])
def test_a_dictionary_is_fetched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, body: bytes
) -> None:
    asked = serve(monkeypatch, body)
    path = lexica.download_lexicon(name, tmp_path / "new")
    assert path == tmp_path / "new" / FILES[name]
    assert path.read_bytes() == body
    assert lexica.download_lexicon(name, tmp_path / "new") == path
    assert len(asked) == 1
    assert asked[0].endswith(FILES[name])


def test_no_network_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(address: str, timeout: float) -> Response:
        raise URLError("Name or service\nnot known")

    monkeypatch.setattr(lexica, "urlopen", offline)
    with pytest.raises(InputError, match=r"cmudict: https://raw.*not known.*start again") as caught:
        lexica.download_lexicon("cmudict", tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>not here</html>\n", r"no dictionary: https://raw.*cmudict\.dict, line 1"),
        (b"", "holds no words"),
        (b"a AH\nb B XX\n", "line 2: 'XX'"),
        ("über".encode("latin-1"), "UTF-8"),
    ],
)
def test_what_is_no_dictionary_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, said: str
) -> None:
    serve(monkeypatch, body)
    with pytest.raises(InputError, match=said) as caught:
        lexica.download_lexicon("cmudict", tmp_path)
    assert str(tmp_path) not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_half_too_much_and_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, ENGLISH, length=2 * len(ENGLISH))
    with pytest.raises(InputError, match=f"{len(ENGLISH)} of {2 * len(ENGLISH)} bytes"):
        lexica.download_lexicon("cmudict", tmp_path)
    serve(monkeypatch, ENGLISH, url="http://mirror.example/cmudict.dict")
    with pytest.raises(InputError, match=r"http://mirror\.example/cmudict\.dict, which is not"):
        lexica.download_lexicon("cmudict", tmp_path)
    serve(monkeypatch, ENGLISH)
    monkeypatch.setattr(lexica, "_MOST_BYTES", 20)
    with pytest.raises(InputError, match="more than"):
        lexica.download_lexicon("cmudict", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_unknown_dictionary(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'celex'; choose one of cmudict, wikipron_de"):
        lexica.download_lexicon("celex", tmp_path)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(monkeypatch, GERMAN)
    prepare("wikipron_de", tmp_path)
    assert capsys.readouterr().out == f"{tmp_path / FILES['wikipron_de']}\n"
    with pytest.raises(InputError, match="wikipron_de is a dictionary"):
        prepare("wikipron_de", tmp_path, download="dev-clean")
    with pytest.raises(InputError, match="cmudict is a dictionary"):
        prepare("cmudict", tmp_path, out=tmp_path / "m.jsonl")

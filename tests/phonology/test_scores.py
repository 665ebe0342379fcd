from itertools import pairwise
from pathlib import Path

import pytest

from naps.phonology import Scores, english_scores, fit, seed_scores

GOLDEN = {
    "knight": ("N AY T", "k:- n:N i:AY g:- h:- t:T"),
    "xerox": ("Z IH R AA K S", "x:Z e:IH r:R o:AA x:K -:S"),
    "activation": (
        "AE K T IH V EY SH AH N",
        "a:AE c:K t:T i:IH v:V a:EY t:SH i:- o:AH n:N",
    ),
    "through": ("TH R UW", "t:TH h:- r:R o:- u:UW g:- h:-"),
    "queue": ("K Y UW", "q:K u:Y e:- u:UW e:-"),
    "thumb": ("TH AH M", "t:TH h:- u:AH m:M b:-"),
    "profile": ("P R OW F AY L", "p:P r:R o:OW f:F i:AY l:L e:-"),
    "boxes": ("B AA K S AH Z", "b:B o:AA x:K -:S e:AH s:Z"),
}


def shown(scores: Scores, word: str, phones: str) -> str:
    said = phones.split()
    return " ".join(
        f"{'-' if i is None else word[i]}:{'-' if j is None else said[j]}"
        for i, j in scores.align(word, said)[1]
    )


@pytest.mark.parametrize("word", GOLDEN)
def test_shipped_scores_align_as_they_should(word: str) -> None:
    phones, expected = GOLDEN[word]
    assert shown(english_scores(), word, phones) == expected


def test_learning_raises_the_likelihood() -> None:
    pairs = [(word, phones.split()) for word, (phones, _) in GOLDEN.items()] * 3
    _, history = fit(pairs, seed_scores(), 4)
    assert all(b >= a - 1e-9 for a, b in pairwise(history))


@pytest.mark.data
def test_learning_reaches_the_reference_likelihood(data: Path) -> None:
    lines = (data / "text/g2p_cmudict_split/g014b2b.train").read_text().splitlines()
    pairs = [(w.lower(), p.split()) for w, p in (line.split("\t") for line in lines)]
    assert len(pairs) == 113_438
    scores, history = fit(pairs, seed_scores(), 5)
    assert history[-1] == pytest.approx(-30.2271, abs=0.01)
    assert shown(scores, "speech", "S P IY CH") == "s:S p:P e:- e:IY c:CH h:-"

"""Words of English as the Penn Treebank parts them, in lower case.

The conventions are those of its guidelines for tokens, which the Stanford Sentiment Treebank
follows: punctuation stands alone, ``don't`` is ``do n't``, quotes are turned, brackets have names.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import zip_longest

# Words that keep their period wherever they stand.
_SHORT = frozenset({
    "mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "jr.", "sr.", "vs.", "etc.", "inc.", "co.",
    "corp.", "bros.", "vol.", "jan.", "feb.", "mar.", "apr.", "aug.", "sept.", "oct.", "nov.",
    "dec.", "al.", "ft.", "lt.", "gen.", "sen.", "rep.", "rev.", "gov.", "capt.", "col.", "sgt.",
})  # fmt: skip
_ALIKE = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"',
    "\u00bb": '"', "\u2013": " -- ", "\u2014": " -- ", "\u2026": " ... ",
})  # fmt: skip
_BRACKETS = {
    "(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-",
}  # fmt: skip
# What an apostrophe begins that is no quotation.
_CLIPPED = r"(?:s|re|ve|ll|m|d|em|n|til|tis|twas|cause|\d0s)\b"
_STEPS = (
    # A quote opens at the beginning and after a space or bracket; else it closes.
    (re.compile(r'(^|[\s(\[{])"'), r"\1 `` "),
    (re.compile(r'"'), " '' "),
    (re.compile(rf"(^|[\s(\[{{])'(?=\w)(?!{_CLIPPED})"), r"\1 ` "),
    (re.compile(r"-{2,}"), " -- "),
    (re.compile(r"\.{2,}"), " ... "),
    (re.compile(r"([;?!@#$%&()\[\]{}<>])"), r" \1 "),
    # A comma or colon within a number stays.
    (re.compile(r"(?<!\d)([,:])|([,:])(?!\d)"), r" \1\2 "),
    (re.compile(r"(?<=\w)(n't)(?!\w)"), r" \1"),
    (re.compile(r"(?<=\w)('(?:s|re|ve|ll|m|d))(?!\w)"), r" \1"),
    # What is left of apostrophes at the end of a word: a possessive, or a closing quote.
    (re.compile(r"(?<=[\w.])'(?=\s|$)"), " '"),
    (re.compile(r"\b(can)(not)\b"), r"\1 \2"),
)


def treebank_words(text: str) -> list[str]:
    """Part a text into words and punctuation.

    Parameters
    ----------
    text : str
        English, of any case. What is parted already stays as it is.

    Returns
    -------
    list of str
        Lower case; empty if there is nothing to read.
    """
    line = unicodedata.normalize("NFC", text).lower().translate(_ALIKE)
    for pattern, replacement in _STEPS:
        line = pattern.sub(replacement, line)
    pieces = line.split()
    found: list[str] = []
    for piece, following in zip_longest(pieces, pieces[1:], fillvalue=""):
        word = _BRACKETS.get(piece, piece)
        found += [word[:-1], "."] if _ends_sentence(word, following) else [word]
    return found


def _ends_sentence(word: str, following: str) -> bool:
    """Say whether the period of a word is not its own."""
    if len(word) < 2 or not word.endswith(".") or word == "...":
        return False
    within = word[:-1]
    closed = following in ("", "''", "'", ")", "-rrb-")
    if not closed and (word in _SHORT or len(within) == 1):
        return False
    return "." not in within

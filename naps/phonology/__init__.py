"""Phones, how words are said, and which letter stands for which phone."""

from naps.phonology.inventory import Phone, classes, english, letter_classes
from naps.phonology.lexicon import Lexicon, cmudict, read_lexicon
from naps.phonology.needleman_wunsch import align, align_letters
from naps.phonology.scores import Scores, english_scores, fit, seed_scores

__all__ = [
    "Lexicon",
    "Phone",
    "Scores",
    "align",
    "align_letters",
    "classes",
    "cmudict",
    "english",
    "english_scores",
    "fit",
    "letter_classes",
    "read_lexicon",
    "seed_scores",
]

"""Phones, how words are said, and which letter stands for which phone."""

from naps.phonology.inventory import (
    Phone,
    classes,
    inventory,
    languages,
    letter_classes,
    shared_phones,
)
from naps.phonology.lexicon import Lexicon, cmudict, read_lexicon
from naps.phonology.needleman_wunsch import (
    BatchAlignment,
    align,
    align_batch,
    align_letters,
    align_sequences,
)
from naps.phonology.notation import read_label, write_label
from naps.phonology.pronouncer import Pronouncer, SpokenWord, find_pronouncer
from naps.phonology.scores import Scores, fit, learn, learned_scores, seed_scores

__all__ = [
    "BatchAlignment",
    "Lexicon",
    "Phone",
    "Pronouncer",
    "Scores",
    "SpokenWord",
    "align",
    "align_batch",
    "align_letters",
    "align_sequences",
    "classes",
    "cmudict",
    "find_pronouncer",
    "fit",
    "inventory",
    "languages",
    "learn",
    "learned_scores",
    "letter_classes",
    "read_label",
    "read_lexicon",
    "seed_scores",
    "shared_phones",
    "write_label",
]

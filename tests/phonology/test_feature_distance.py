import numpy as np
import pytest

from naps.phonology.feature_distance import phonetic_distances
from naps.phonology.inventory import FEATURES, inventory


def by_loops(one, two) -> float:
    differing = []
    for feature in FEATURES:
        a, b = getattr(one, feature), getattr(two, feature)
        if (a and b) if feature == "length" else (a or b):
            differing.append(a != b)
    return sum(differing) / len(differing)


def test_distances_equal_the_loops_over_both_inventories() -> None:
    phones = {**inventory("en"), **inventory("de")}
    found = phonetic_distances(list(phones))
    assert found is not None
    expected = [[by_loops(a, b) for b in phones.values()] for a in phones.values()]
    np.testing.assert_allclose(found, expected)
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()
    assert found.max() == 1


@pytest.mark.parametrize(
    ("one", "two", "distance"),
    [
        ("P", "B", 1 / 3),  # voicing, of manner, place and voicing
        ("P", "p", 0),
        ("L", "R", 0),  # no feature tells them apart
        ("AA", "P", 1),  # nothing in common
        ("AA", "B", 5 / 6),  # both voiced
        ("aː", "a", 1 / 6),  # length, which both have
        ("AA", "a", 1 / 5),  # backness; English has no length
        ("aː", "B", 5 / 6),  # length does not count against consonants
    ],
)
def test_distances_by_hand(one: str, two: str, distance: float) -> None:
    found = phonetic_distances([one, two])
    assert found is not None
    assert found[0, 1] == pytest.approx(distance)


def test_what_is_no_phone_has_no_distances() -> None:
    assert phonetic_distances(["AA", "<b>"]) is None
    assert phonetic_distances(["AA", ""]) is None
    found = phonetic_distances([])
    assert found is not None
    assert found.shape == (0, 0)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.similarity import corrected


def test_correction_by_hand() -> None:
    found = corrected([0.01, 0.04, float("nan"), 0.03, 0.5])
    np.testing.assert_allclose(found, [0.04, 0.16 / 3, np.nan, 0.16 / 3, 0.5])
    assert corrected([]).shape == (0,)
    assert np.isnan(corrected([float("nan")] * 2)).all()
    assert corrected([0.2]).tolist() == [0.2]


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=20))
def test_correction_never_makes_smaller_and_keeps_the_order(values: list[float]) -> None:
    found = corrected(values)
    assert (found >= np.array(values) - 1e-12).all()
    assert (found <= 1).all()
    assert (np.diff(found[np.argsort(values)]) >= -1e-12).all()
    assert found.max() == pytest.approx(max(values))


def test_of_what_is_found_few_are_false() -> None:
    random = np.random.default_rng(0)
    false, found = 0, 0
    for _ in range(400):
        p = np.concatenate([random.random(8), random.random(3) * 1e-4])
        low = corrected(p.tolist()) <= 0.05
        false, found = false + low[:8].sum(), found + low.sum()
    assert false / found < 0.05
    assert found >= 3 * 400

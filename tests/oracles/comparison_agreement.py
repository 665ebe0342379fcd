"""Agreement of letters, one event and one frame after the other."""

from collections.abc import Sequence


def same_frames(first: Sequence[str], second: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(first, second, strict=True))


def same_events(
    events: Sequence[tuple[float, str]], said: Sequence[tuple[float, str]], window_s: float
) -> int:
    """Events whose letter is said at most so many seconds away."""
    return sum(
        any(letter == other and abs(at - time) <= window_s + 1e-9 for at, other in said)
        for time, letter in events
    )


def turned(said: Sequence[tuple[float, str]], eighths: int) -> list[tuple[float, str]]:
    """The same letters, each later by so many eighths of the utterance, and round its end."""
    n = len(said)
    by = n * eighths // 8
    return [(said[i][0], said[(i - by) % n][1]) for i in range(n)]

"""Maps as a person sees them, red, white and blue; and what is lost in a coarser picture."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from naps.similarity.distance import Floats

SIZES = tuple(range(55, 5, -5))
# Of a picture of 400 pixels; of other sizes in proportion.
RADII = tuple(range(2, 22, 2))
_PUBLISHED_SIDE = 400


def pictures(images: Floats, limit: float) -> Floats:
    """Colour the images of a layer's groups.

    Parameters
    ----------
    images : array, shape (groups, rows, columns)
        Such as `ActivationMap.images`.
    limit : float
        The value that is all red; −limit is all blue, 0 and NaN are white.

    Returns
    -------
    array of float64, shape (groups, rows, columns, 3)
        Red, green and blue, 0 to 255; in between colours are mixed.
    """
    level = np.clip(np.nan_to_num(images) / (limit or 1.0), -1.0, 1.0)
    red, blue = 1 + np.minimum(level, 0), 1 - np.maximum(level, 0)
    return np.asarray(255.0 * np.stack([red, np.minimum(red, blue), blue], -1))


def resized(images: Floats, size: int) -> Floats:
    """Shrink images to a small square and stretch them again.

    A small pixel is the mean of the area that it stands for; between their middles the big ones
    are interpolated along lines.

    Parameters
    ----------
    images : array, shape (groups, rows, columns, colours)
    size : int
        Pixels on a side of the small image.

    Returns
    -------
    array, shape (groups, rows, columns, colours)
    """
    down = np.einsum("sr,grcx->gscx", _shrinking(images.shape[1], size), images, optimize=True)
    small = np.einsum("tc,gscx->gstx", _shrinking(images.shape[2], size), down, optimize=True)
    up = np.einsum("rs,gstx->grtx", _stretching(images.shape[1], size), small, optimize=True)
    return np.asarray(
        np.einsum("ct,grtx->grcx", _stretching(images.shape[2], size), up, optimize=True)
    )


def resize_errors(images: Floats, *, legacy: bool = False) -> Floats:
    """Measure what is lost when pictures are shrunk to 55, 50 … 10 pixels and stretched again.

    Parameters
    ----------
    images : array, shape (groups, rows, columns, colours)
        0 to 255, see `pictures`.
    legacy : bool
        Whether differences and squares wrap around modulo 256, as in the published curves of
        Krug et al. (2023). Their errors are too small wherever pixels differ by 16 or more.

    Returns
    -------
    array, shape (groups, 10)
        Mean squared errors.
    """
    return np.stack([_error(images, resized(images, size), legacy) for size in SIZES], 1)


def blur_errors(images: Floats, *, legacy: bool = False) -> Floats:
    """Measure what is lost when pictures are blurred by Gaussians.

    Their standard deviations are 2, 4 … 20 pixels of 400, in proportion of other sizes.

    Parameters
    ----------
    images, legacy
        See `resize_errors`.

    Returns
    -------
    array, shape (groups, 10)
        Mean squared errors.
    """
    found = []
    for radius in RADII:
        blurred = images
        for axis in (1, 2):
            width = radius * images.shape[axis] / _PUBLISHED_SIDE
            blurred = gaussian_filter1d(blurred, width, axis=axis, mode="nearest")
        found.append(_error(images, blurred, legacy))
    return np.stack(found, 1)


def area(errors: Floats) -> float:
    """Return the area under the curve of errors, averaged over groups; steps count as 1."""
    return float(np.trapezoid(errors.mean(0)))


def _error(images: Floats, changed: Floats, legacy: bool) -> Floats:
    if legacy:
        whole, lossy = (np.round(x).astype(np.uint8) for x in (images, changed))
        wrapped = whole - lossy
        return np.asarray((wrapped * wrapped).mean((1, 2, 3)))
    return np.asarray(np.square(images - changed).mean((1, 2, 3)))


def _shrinking(length: int, size: int) -> Floats:
    """Return the share of every pixel of a line in every pixel of a shorter one."""
    edges = np.linspace(0, length, size + 1)
    pixels = np.arange(length)
    ends = np.minimum(edges[1:, None], pixels + 1)
    begins = np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.maximum(ends - begins, 0.0) * size / length)


def _stretching(length: int, size: int) -> Floats:
    """Return the weights of the pixels of a short line in those of a longer one."""
    middles = np.clip((np.arange(length) + 0.5) * size / length - 0.5, 0, size - 1)
    return np.asarray(np.maximum(0.0, 1 - np.abs(middles[:, None] - np.arange(size))))

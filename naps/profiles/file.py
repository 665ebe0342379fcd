"""The profile file: NetCDF, one group a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import xarray as xr

from naps.errors import InputError
from naps.files import replacing

FORMAT = "naps-profiles-1"
_FLOATS = (
    "mean", "std", "mask", "shift", "standard_error", "global_field_power", "block_gram",
    "block_sum",
)  # fmt: skip
_PACKED = {"zlib": True, "complevel": 1, "shuffle": True, "dtype": "float32"}


class Profiles(Mapping[str, xr.Dataset]):
    """Profiles of the layers of a model for one grouping and one kind.

    ``profiles["conv9"]`` is an `xarray.Dataset`; its variables are written down in
    ``docs/run-folder.md``.

    Parameters
    ----------
    layers : mapping of str to Dataset
        In order from the input up.
    """

    def __init__(self, layers: Mapping[str, xr.Dataset]) -> None:
        self._layers = dict(layers)

    def __getitem__(self, layer: str) -> xr.Dataset:
        """Return the profile of a layer.

        Raises
        ------
        InputError
            If there is no such layer; the message lists those that there are.
        """
        if layer not in self._layers:
            raise InputError(f"no layer {layer!r}; there are: {', '.join(self._layers)}")
        return self._layers[layer]

    def __contains__(self, layer: object) -> bool:
        """Say whether there is such a layer."""
        return layer in self._layers

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the layers."""
        return iter(self._layers)

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self._layers)

    def __repr__(self) -> str:
        """Show group, kind and layers."""
        first = next(iter(self._layers.values()), None)
        attrs = {} if first is None else first.attrs
        return (
            f"Profiles(group={attrs.get('group')!r}, kind={attrs.get('kind')!r}, "
            f"layers={list(self._layers)})"
        )


def save_profiles(path: Path, profiles: Profiles) -> None:
    """Write profiles; floats are stored in single precision."""
    with replacing(path) as temporary:
        for number, (name, dataset) in enumerate(profiles.items()):
            dataset.assign_attrs(format=FORMAT, order=number).to_netcdf(
                temporary,
                mode="w" if number == 0 else "a",
                group=name,
                engine="h5netcdf",
                encoding={v: _PACKED for v in _FLOATS if v in dataset},
            )


def load_profiles(path: str | Path) -> Profiles:
    """Read a profile file.

    Parameters
    ----------
    path : str or Path
        ``RUN/profiles/GROUP-KIND.nc``.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another format.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such profile file")
    try:
        groups = xr.open_groups(path, engine="h5netcdf")
        layers = {k.strip("/"): v.load() for k, v in groups.items() if k.strip("/")}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a readable profile file: {error}") from None
    if not layers or any(d.attrs.get("format") != FORMAT for d in layers.values()):
        raise InputError(f"{path}: not a profile file of format {FORMAT}")
    return Profiles(dict(sorted(layers.items(), key=lambda item: int(item[1].attrs["order"]))))

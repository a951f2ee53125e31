"""Clusters by name, started on this machine: what an engine makes of `cluster="ray"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ...errors import ProcessingEngineError
from ..limits import usable_cores
from .folders import ADDRESS, FolderCluster


def _ray() -> FolderCluster:
    from .ray import RayCluster  # noqa: PLC0415 - only who asks for one pays

    return RayCluster()


def _dask() -> FolderCluster:
    from .dask import DaskCluster  # noqa: PLC0415 - as above

    return DaskCluster()


def _processes() -> FolderCluster:
    from .processes import ProcessCluster  # noqa: PLC0415 - as above

    return ProcessCluster(processes=usable_cores())


NAMED: Final[Mapping[str, Callable[[], FolderCluster]]] = {"ray": _ray, "dask": _dask, "processes": _processes}


def start(name: str) -> FolderCluster:
    """A cluster on this machine, with a folder of its own. Raises ProcessingEngineError for a name that there is not.

    >>> start("slurm")
    Traceback (most recent call last):
    barsweep.errors.ProcessingEngineError: there is no cluster 'slurm'; known are ray, dask, processes
    """
    if ADDRESS.fullmatch(name):
        raise ProcessingEngineError(f"{name} is an address: say cluster=bs.RayCluster(folder, {name!r})")
    if name not in NAMED:
        raise ProcessingEngineError(f"there is no cluster {name!r}; known are {', '.join(NAMED)}")
    return NAMED[name]()

"""The HTML report of a run, made from the files of its folder alone."""

from naps.report.write import report

__all__ = ["report"]

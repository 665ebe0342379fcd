"""The command line: one file a verb, nothing but argument handling."""

from naps.cli.app import main

__all__ = ["main"]

"""The commands, gathered; and what an error looks like."""

from __future__ import annotations

import os
import sys

import typer

from naps.cli import (
    check,
    cluster,
    compare,
    explain,
    list_,
    map_,
    prepare,
    pronounce,
    report,
    run,
    train,
)
from naps.errors import InputError

_INTERRUPTED = "interrupted; start the same command again to continue"

app = typer.Typer(
    help="Neuron activation profiles of speech models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("list")(list_.list_)
app.command("prepare")(prepare.prepare)
app.command("train")(train.train)
app.command("events")(run.events)
app.command("profile")(run.profile)
app.command("cluster")(cluster.cluster)
app.command("map")(map_.map_)
app.command("compare")(compare.compare)
app.command("explain")(explain.explain)
app.command("pronounce")(pronounce.pronounce)
app.command("report")(report.report)


def main() -> None:
    """Run a command: exit 0 when done, 2 with one line for bad input, 130 when interrupted."""
    try:
        # Without its standalone mode, click hands back the exit code, 130 for Ctrl-C.
        code = app(standalone_mode=False)
    except InputError as error:
        _leave(str(error), 2)
    except OSError as error:
        # A full disk or a lost folder is the user's to mend; a traceback would hide it.
        _leave(f"{error.filename or 'file system'}: {error.strerror or error}", 2)
    except (KeyboardInterrupt, typer.Abort):
        _leave(_INTERRUPTED, 130)
    except typer.Exit as leave:
        sys.exit(leave.exit_code)
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):
            _leave(error.format_message(), 2)
        raise
    if code == 130:
        _leave(_INTERRUPTED, 130)
    sys.exit(code or 0)


def _leave(message: str, code: int) -> None:
    print(f"naps: {' '.join(message.split())}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the libraries may still hold the interpreter after an interruption.
    if code == 130:
        os._exit(code)
    sys.exit(code)

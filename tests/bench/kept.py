"""Pictures of the book that are drawn from measured data: measured now and then, and drawn at will."""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from servers import BenchError


def digest(data: Path, program: str) -> str:
    """The hash of what a picture is made from; `tests/guide/measured.rs` compares it."""
    return hashlib.sha256(data.read_bytes() + Path(program).read_bytes()).hexdigest()[:16]


def run(name: str, description: str, measure: Callable[[], None], draw: Callable[[], None]) -> None:
    """Does what the command line says: measure and draw, or draw from what was measured."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("what", choices=("measure", "draw"))
    try:
        if parser.parse_args().what == "measure":
            measure()
        draw()
    except (BenchError, subprocess.SubprocessError, OSError) as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

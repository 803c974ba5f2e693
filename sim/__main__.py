"""The entry point of ``codose`` and of ``python -m sim``: :func:`main`."""

import gc

from sim.core import signals

COLLECT = 50_000, 20, 50
"""When the garbage collector looks for cycles, see :func:`gc.set_threshold`."""


def main() -> None:
    """Entry point of the console script; listens for Ctrl-C before anything else is loaded."""
    signals.listen()
    # At Python's own threshold (700) a tenth of a short command is spent on looking through what
    # the imports have made, which stays. A program that imports codose keeps its own threshold.
    gc.set_threshold(*COLLECT)
    from sim import cli

    try:
        cli.main()
    finally:
        gc.freeze()  # or Python would look through all of it again before the process ends


if __name__ == "__main__":
    main()

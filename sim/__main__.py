"""The entry point of ``codose`` and of ``python -m sim``: :func:`main`."""

from sim.core import signals


def main() -> None:
    """Entry point of the console script; listens for Ctrl-C before anything else is loaded."""
    signals.listen()
    from sim import cli

    cli.main()


if __name__ == "__main__":
    main()

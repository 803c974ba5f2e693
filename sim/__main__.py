"""``python -m sim`` is ``codose``."""

from sim.cli import main

if __name__ == "__main__":
    main()

"""Users' tables: :func:`reader.read_table` reads every file, :mod:`values` reads its cells, and
:class:`mistakes.Mistakes` groups all mistakes."""

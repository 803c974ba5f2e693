"""Tables that people bring: :func:`reader.read_table` for every file, what its cells say in
:mod:`values`, all mistakes grouped in :class:`mistakes.Mistakes`."""

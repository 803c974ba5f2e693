"""Ladders: what remains of a contrast as assumptions are taken away one after another."""

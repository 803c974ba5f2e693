"""Ladders: the effect of a contrast as assumptions are removed one after another."""

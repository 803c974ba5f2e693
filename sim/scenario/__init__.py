"""Scenarios: reading and checking their files, and changing them by levers."""

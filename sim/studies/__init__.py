"""Kinds of study, and what they have in common."""

"""Patterns: does the model show what is known of the matter, in which share of plausible sets?"""

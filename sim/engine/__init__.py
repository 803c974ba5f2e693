"""The week compiled: one artefact, made into machine code for this machine or for any browser."""

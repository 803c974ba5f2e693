"""The compiled engine: one portable artefact, made into code for this machine or for a browser."""

"""Statistics: arrays in, numbers out; nothing here runs a model."""

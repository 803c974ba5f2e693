"""Statistics: functions that take arrays and return numbers; none of them runs a model."""

"""What a scenario file says, checked, and the one way to change it."""

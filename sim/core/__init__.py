"""What is true everywhere: units."""

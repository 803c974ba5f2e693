"""The readable engine: population, networks, dosage, agents and the weekly step."""

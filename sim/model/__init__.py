"""The readable engine: people, networks, dosage, agents and the week."""

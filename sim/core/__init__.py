"""What all parts of codose share: parameters, rules, random streams, outcomes, errors, units."""

export function HandOn() { return null; }

/** The value of a record under a name that people chose, which may be "constructor" too. */
export function held<T>(record: Record<string, T> | null | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** What a record holds under a name that people chose; "constructor" is a name like any other. */
export function held<T>(record: Record<string, T> | null | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

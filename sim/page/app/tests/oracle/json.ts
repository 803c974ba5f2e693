/** Numbers in the form that Python and these tests exchange: null is NaN, infinities are texts. */
export const columnOf = (values: (number | null)[]): Float64Array =>
  Float64Array.from(values, (one) => one ?? NaN);

export const encoded = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    one === Infinity ? "Infinity" : one === -Infinity ? "-Infinity" : ArrayBuffer.isView(one) ? [...(one as Float64Array)] : one,
  );

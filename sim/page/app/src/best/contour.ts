/** Contours of a field on an even grid, by marching squares; a square with an unknown corner has none.
 *
 * They are those that matplotlib draws for `codose surface`: the field is linear along the sides of a square.
 */
export type Point = [number, number]; // (column, row), in cells

/** Segments on which a field crosses a level.
 *
 * field: of shape (rows, columns), NaN where it is not known.
 */
export function contour(field: readonly (readonly number[])[], level: number): [Point, Point][] {
  const found: [Point, Point][] = [];
  for (let row = 0; row + 1 < field.length; row++)
    for (let column = 0; column + 1 < field[row].length; column++) found.push(...square(field, level, row, column));
  return found;
}

function square(field: readonly (readonly number[])[], level: number, row: number, column: number): [Point, Point][] {
  const corners: [Point, number][] = [
    [[column, row], field[row][column]],
    [[column + 1, row], field[row][column + 1]],
    [[column + 1, row + 1], field[row + 1][column + 1]],
    [[column, row + 1], field[row + 1][column]],
  ];
  if (corners.some(([, value]) => Number.isNaN(value))) return [];
  const crossings: Point[] = [];
  for (let side = 0; side < 4; side++) {
    const [[from, a], [to, b]] = [corners[side], corners[(side + 1) % 4]];
    if (a >= level === b >= level) continue;
    const part = (level - a) / (b - a);
    crossings.push([from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])]);
  }
  if (crossings.length < 4) return crossings.length === 2 ? [[crossings[0], crossings[1]]] : [];
  // In a saddle, the mean of the corners decides which corners are joined.
  const middle = corners.reduce((total, [, value]) => total + value, 0) / 4;
  const joined = middle >= level === corners[0][1] >= level;
  const [a, b, c, d] = crossings;
  return joined ? [[a, b], [c, d]] : [[a, d], [b, c]];
}

/** Whether a field has values on both sides of a level; otherwise there is no contour to draw. */
export function crosses(field: readonly (readonly number[])[], level: number): boolean {
  const known = field.flat().filter((value) => !Number.isNaN(value));
  return known.length > 0 && Math.min(...known) < level && level < Math.max(...known);
}

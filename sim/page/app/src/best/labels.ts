/** Places labels beside points so that they cover each other, the points and the edge as little as possible. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Wanted {
  x: number;
  y: number;
  width: number;
  height: number;
}

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));

const AROUND: [number, number][] = [[0, -1], [1, 0], [-1, 0], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]];

/** A box for each label, in order; earlier labels get the better places. All lengths are in px.
 *
 * room: the area for labels. taken: boxes that labels should not cover.
 */
export function place(wanted: readonly Wanted[], room: Box, taken: readonly Box[]): Box[] {
  const found: Box[] = [];
  for (const one of wanted) {
    let best: Box | null = null;
    let least = Infinity;
    for (const away of [7, 14, 22, 32, 44, 60]) {
      for (const [across, down] of AROUND) {
        const box = {
          x: one.x + across * (away + one.width / 2) - one.width / 2,
          y: one.y + down * (away + one.height / 2) - one.height / 2,
          width: one.width,
          height: one.height,
        };
        const cost = covered(box, room, [...taken, ...found]) + away * 0.01;
        if (cost < least) [best, least] = [box, cost];
      }
      if (least < 1) break;
    }
    found.push(best as Box);
  }
  return found;
}

/** The area of other boxes that a box covers, plus four times its own area outside the room. */
function covered(box: Box, room: Box, taken: readonly Box[]): number {
  const outside = box.width * box.height - overlap(box, room);
  return taken.reduce((total, one) => total + overlap(box, one), 4 * outside);
}

/** The colours of the map: those of `codose surface`, yellow over green to blue (ColorBrewer YlGnBu, 9 steps). */
const STEPS = ["ffffd9", "edf8b1", "c7e9b4", "7fcdbb", "41b6c4", "1d91c0", "225ea8", "253494", "081d58"].map((hex) =>
  [0, 2, 4].map((place) => parseInt(hex.slice(place, place + 2), 16)),
);

/** The colour at a share of the range (0 to 1), as [r, g, b]. */
export function colourAt(share: number): number[] {
  const place = Math.max(0, Math.min(1, share)) * (STEPS.length - 1);
  const below = Math.min(STEPS.length - 2, Math.floor(place));
  return STEPS[below].map((one, i) => Math.round(one + (place - below) * (STEPS[below + 1][i] - one)));
}

export const css = (colour: readonly number[]): string => `rgb(${colour.join(" ")})`;

/** Relative luminance (WCAG 2). */
export function luminance(colour: readonly number[]): number {
  const [r, g, b] = colour.map((one) => {
    const part = one / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Ink or white, whichever has more contrast on a colour. */
export function inkOn(colour: readonly number[]): string {
  const light = luminance(colour);
  return (light + 0.05) / (0.0103 + 0.05) > 1.05 / (light + 0.05) ? "#1a1a1a" : "#ffffff";
}

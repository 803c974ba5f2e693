/** How the setting writes lists and numbers; its sentences come from ui/say.ts. */
import { shown } from "../ui/say";

export { say, shown, type Values, type Words } from "../ui/say";

/** Parts as one list: "a", "a and b", "a, b and c". */
export function listed(parts: string[], and: string): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} ${and} ${parts[parts.length - 1]}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A number to be read by people, grouped as in the browser's language. It is never parsed again. */
export function grouped(value: number, digits = 6): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

export function percent(share: number): string {
  return `${shown(Number((share * 100).toFixed(4)))} %`;
}

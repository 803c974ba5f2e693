/** The content that Python put into the page's file: data, and the engine's layout and module. */
import type { PageData } from "../types";

type Part = "data" | "layout" | "wasm";

function text(part: Part): string {
  const element = document.getElementById(`codose-${part}`);
  if (element === null) throw new Error(`The file is not whole: its part "${part}" is missing.`);
  return element.textContent ?? "";
}

export function bytesOf(base64: string): Uint8Array {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

export const pageData = (): PageData => JSON.parse(text("data"));
/** The engine's layout.json. */
export const engineLayout = (): any => JSON.parse(text("layout"));
/** The engine's engine.wasm. */
export const engineModule = (): Uint8Array => bytesOf(text("wasm"));

/** The runner of the page, which is started once from the engine embedded in the file. */
import { useEffect, useState } from "preact/hooks";
import { type PageRunner, startRunner } from "../study/runner";
import type { PageData } from "../types";
import { engineLayout, engineModule } from "./embedded";

export type EngineState =
  | { how: "starting" }
  | { how: "ready"; runner: PageRunner }
  | { how: "none" } // no WebAssembly in this browser
  | { how: "failed"; why: string };

export const hasWebAssembly = (): boolean => typeof WebAssembly === "object";

export function useEngine(data: PageData): EngineState {
  const [state, setState] = useState<EngineState>({ how: hasWebAssembly() ? "starting" : "none" });
  useEffect(() => {
    if (!hasWebAssembly()) return;
    let runner: PageRunner | null = null;
    let gone = false;
    startRunner(data, { layout: engineLayout(), wasm: engineModule() }).then(
      (started) => {
        runner = started;
        if (gone) started.close();
        else setState({ how: "ready", runner: started });
      },
      (fault) => setState({ how: "failed", why: String(fault?.message ?? fault) }),
    );
    return () => {
      gone = true;
      runner?.close();
    };
  }, []);
  return state;
}

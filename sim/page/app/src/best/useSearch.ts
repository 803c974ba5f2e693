/** The background search: it begins shortly after the last change, goes on while the setting is the same, and stops with the page. */
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { type Found, type Goal, Search } from "../study/search";
import { Space } from "../study/space";
import type { BestGiven } from "./index";

const QUIET = 700; // ms from the last change to the search

export interface Searching {
  space: Space;
  found: Found | null;
  paused: boolean;
  stop(): void;
  goOn(): void;
}

interface Held {
  key: string;
  search: Search;
}

export function useSearch(given: BestGiven, goal: Goal | null): Searching {
  const { data, runner, scenario, sets, replicates, seed } = given;
  const space = useMemo(() => new Space(scenario), [scenario]);
  const held = useRef<Held | null>(null);
  const [paused, setPaused] = useState(false);
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const key = JSON.stringify([space.setting, seed, replicates, sets.length, sets[0]?.[0]]);
  if (held.current?.key !== key) {
    held.current?.search.stop();
    const search = new Search({ runner, space, outcomes: data.outcomes, sets, replicates, seed, tables: data });
    search.subscribe(() => draw(0));
    held.current = { key, search };
  }
  const own = JSON.stringify(scenario.dosage);
  const wanted = JSON.stringify(goal);
  useEffect(() => {
    if (paused || goal === null) return;
    const search = held.current!.search;
    const timer = setTimeout(() => void search.ask(goal, { scenario, choice: space.own }), QUIET);
    return () => clearTimeout(timer);
  }, [key, own, wanted, paused]);
  useEffect(() => () => held.current?.search.stop(), []);
  return {
    space,
    found: goal === null ? null : held.current.search.get(),
    paused,
    stop: () => {
      held.current!.search.stop();
      setPaused(true);
    },
    goOn: () => setPaused(false),
  };
}

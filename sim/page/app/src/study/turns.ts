/** Turns: helpers for long work that leaves the page responsive and can be aborted. */

const BREATH = 12; // ms of work before other tasks run

/** Let other tasks run, then throw if the work was aborted. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  signal.throwIfAborted();
}

/** Work through a long list and let other tasks run in between. */
export async function inTurns<T>(list: Iterable<T>, signal: AbortSignal, work: (one: T) => void): Promise<void> {
  let since = performance.now();
  signal.throwIfAborted();
  for (const one of list) {
    work(one);
    if (performance.now() - since < BREATH) continue;
    await breathe(signal);
    since = performance.now();
  }
}

/** Work on a list in order, `atOnce` items at a time; the first failure ends the work. */
export async function together<T>(list: readonly T[], atOnce: number, work: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  const hand = async () => {
    try {
      while (next < list.length) await work(list[next++]);
    } catch (error) {
      next = list.length;
      throw error;
    }
  };
  const hands = Array.from({ length: Math.max(1, Math.min(atOnce, list.length)) }, hand);
  // All work under way ends before the failure is thrown.
  const failed = (await Promise.allSettled(hands)).find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
}

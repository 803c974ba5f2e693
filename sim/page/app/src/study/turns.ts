/** Turns: long work that holds up nothing else, and can be stopped. */

const BREATH = 12; // ms of work before others have their turn

/** Others have their turn. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  signal.throwIfAborted();
}

/** Work through a long list without holding up what else is going on. */
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

/** Work on a list, so many at a time, in order; the first failure ends it. */
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
  // All have put down their work before the failure is said.
  const failed = (await Promise.allSettled(hands)).find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
}

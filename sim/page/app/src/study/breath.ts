/** Work in slices, so that whoever looks on is not kept waiting. */
const MOST = 8; // ms

export class Breath {
  private since = performance.now();

  constructor(private readonly signal?: AbortSignal) {}

  /** Await between pieces of work: others have their turn when a slice is over; throws when it was called off. */
  async take(): Promise<void> {
    if (performance.now() - this.since < MOST) return;
    await turn();
    this.signal?.throwIfAborted();
    this.since = performance.now();
  }
}

/** A turn of everything else that waits. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

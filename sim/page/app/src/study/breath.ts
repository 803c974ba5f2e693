/** Breath: divides long work into slices, so that the page stays responsive. */
const MOST = 8; // ms of work in a slice

export class Breath {
  private since = performance.now();

  constructor(private readonly signal?: AbortSignal) {}

  /** Await this between pieces of work. After a slice, other tasks run; then it throws if the work was aborted. */
  async take(): Promise<void> {
    if (performance.now() - this.since < MOST) return;
    await turn();
    this.signal?.throwIfAborted();
    this.since = performance.now();
  }
}

/** Let the waiting tasks run. */
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

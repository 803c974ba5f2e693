/** Threads of Node in place of a browser's workers, for tests. */
import { Worker } from "node:worker_threads";

const LIKE_BROWSER = `const {parentPort} = require("node:worker_threads");
const self = {
  postMessage: (data, owned) => parentPort.postMessage(data, owned),
  addEventListener: (kind, act) => parentPort.on("message", (data) => act({data})),
};
`;

/** A function that starts a worker from its source. fault: source put before that of the n-th worker, from 1; blocked:
 * no worker starts, as under a content policy, which a browser reports by an event without a message. */
export function threads(fault: (number: number) => string = () => "", blocked = false): (source: string) => any {
  let started = 0;
  return (source) => {
    started += 1;
    if (blocked) return blockedWorker();
    const worker = new Worker(LIKE_BROWSER + fault(started) + source, { eval: true });
    const shown: any = {
      onmessage: null,
      onerror: null,
      postMessage: (data: unknown) => worker.postMessage(data),
      terminate: () => worker.terminate(),
    };
    worker.on("message", (data) => shown.onmessage?.({ data }));
    worker.on("error", (error) => shown.onerror?.({ message: error.message }));
    return shown;
  };
}

function blockedWorker(): any {
  const shown: any = { onmessage: null, onerror: null, postMessage: () => {}, terminate: () => {} };
  setTimeout(() => shown.onerror?.({}), 10);
  return shown;
}

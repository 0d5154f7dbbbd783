/**
 * The program of Node's worker, ./node-worker.ts and all that it imports, as one text: it travels inside of whatever bundle
 * the runtime becomes a part of. scripts/worker.js makes it, for the build and for tests; here nothing is known of it, and
 * then models run on the thread that calls.
 */
export const workerSource: string = ''

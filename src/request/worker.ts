import { flag } from './directive.ts'

/** Browsers only: in Node, asynchronous runs are off the event loop anyway. */
export const worker = flag({
  name: 'worker',
  syntax: 'worker=true|false',
  summary: 'true: in a browser the model runs in a Web Worker, one for all such models of a page; run() only',
  words: ['true', 'false'],
})

import { type Directive, invalidValue } from './directive.ts'

/** Browsers only: in Node, asynchronous runs are off the event loop anyway. */
export const worker: Directive<boolean> = {
  name: 'worker',
  syntax: 'worker=true|false',
  summary: 'true: in a browser the model runs in a Web Worker, one for all such models of a page; run() only',
  fallback: false,
  parse(text) {
    if (text !== 'true' && text !== 'false') throw invalidValue('worker', text, 'true or false')
    return text === 'true'
  },
  // Options may come from a file that nobody type-checked: what is no boolean is left to `parse`, which refuses it.
  format: (value: unknown) => (value === false ? '' : String(value)),
}

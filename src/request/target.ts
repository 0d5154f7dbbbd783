import { resolveTarget } from '../targets/index.ts'
import type { Directive } from './directive.ts'

/** Canonical from the beginning: `host` is resolved here, so that two machines of different level don't share a key. */
export const target: Directive<string> = {
  name: 'target',
  syntax: 'target=host|x86-64-v3|z16|wasm|…',
  summary: 'machine that the model will run on',
  fallback: 'host',
  parse: (text) => resolveTarget(text).name,
  format: (name) => name,
}

import { resolveTarget, targetNames } from '../targets/index.ts'
import { type Directive, invalidValue } from './directive.ts'

const expected = 'one native target (browsers get wasm by themselves); import the model once for each of several'

/** Canonical from the beginning: `host` is resolved here, so that two machines of different level don't share a key. */
export const target: Directive<string> = {
  name: 'target',
  syntax: 'target=host|x86-64-v3|z16|wasm|…',
  summary: 'machine that the model will run on',
  listed: targetNames,
  fallback: 'host',
  parse(text) {
    const names = new Set(text.split(',').map((name) => resolveTarget(name).name))
    // Code for browsers becomes WebAssembly whatever is said here: beside a native target, nothing is left to say of it.
    if (names.size > 1) names.delete('wasm')
    const [name, ...others] = names
    if (name === undefined || others.length > 0) throw invalidValue('target', text, expected)
    return name
  },
  format: (name) => name,
}

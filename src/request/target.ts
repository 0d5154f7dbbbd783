import { resolveTarget, type Target, targetNames, targets } from '../targets/index.ts'
import { type Directive, invalidValue } from './directive.ts'

/** Canonical from the beginning: `host` is resolved here, so that two machines of different level don't share a key. */
export const target: Directive<string> = {
  name: 'target',
  syntax: 'target=host|x86-64-v3|z16|wasm|…[,…]',
  summary: 'machine that the model will run on; of several, what fits is chosen where it runs',
  listed: targetNames,
  fallback: 'host',
  parse(text) {
    const names = [...new Set(text.split(',').map((name) => resolveTarget(name).name))]
    if (names.length > 1) for (const name of names) expectChoosable(name, text)
    return names
      .map((name) => resolveTarget(name))
      .sort(byPreference)
      .map(({ name }) => name)
      .join(',')
  },
  format: (name) => name,
}

/** The targets that the directive names, best first: one, or all of which one is to fit the machine that runs the model. */
export function namesOf(target: string): readonly string[] {
  return target.split(',')
}

/** The higher level of an arch first, and WebAssembly, which runs everywhere, last. */
function byPreference(a: Target, b: Target): number {
  return rankOf(a) - rankOf(b) || b.level - a.level
}

function rankOf({ arch }: Target): number {
  return targets.findIndex((target) => target.arch === arch) // the table ends with wasm
}

/** @throws UsageError for a target of which nothing says what machine it fits */
function expectChoosable(name: string, text: string): void {
  const { own, isBare } = resolveTarget(name)
  if (own) throw invalidValue('target', text, `${name} alone: nothing says which machines a target of your own fits`)
  if (isBare) throw invalidValue('target', text, `without ${name}, whose code no program loads`)
}

import type { SignatureEntry } from '../cache/artifact.ts'
import { isTensor } from '../runtime/signature.ts'

/**
 * Names that a type parameter must not take: reserved words, built-in types, and whatever a generated declaration
 * refers to where the parameter is in scope.
 */
const takenNames: readonly string[] = `
  abstract accessor any as asserts async await bigint boolean break case catch class const continue debugger declare
  default delete do else enum export extends false finally for from function get if implements import in infer
  instanceof interface intrinsic is keyof let module namespace never new null number object of out override package
  private protected public readonly require return set static string super switch symbol this throw true try type
  typeof undefined unique unknown var void while with yield
  Inputs Outputs Promise NoInfer Record MapInput ShapedInput SharedDim Tensor TensorInput Array`.split(/\s+/)

/** Type parameter of each symbolic dimension that an input has, in order of appearance. */
export function typeParameterNames(inputs: readonly SignatureEntry[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const taken = new Set(takenNames)
  for (const symbol of inputs.filter(isTensor).flatMap((entry) => entry.shape)) {
    if (typeof symbol !== 'string' || names.has(symbol)) continue
    const name = unusedName(identifierLike(symbol), taken)
    taken.add(name)
    names.set(symbol, name)
  }
  return names
}

/** The symbol with every character that an identifier can't have replaced; long ones are cut, as they only help readers. */
function identifierLike(symbol: string): string {
  const name = symbol
    .replace(/[^\p{ID_Continue}$]/gu, '_')
    .slice(0, 40)
    .replace(/[\ud800-\udbff]$/, '')
  return /^[\p{ID_Start}$_]/u.test(name) ? name : `_${name}`
}

function unusedName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number++) {
    if (!taken.has(`${name}_${number}`)) return `${name}_${number}`
  }
}

/**
 * How each further input refers to a symbol, so that two inputs that disagree are an error. TypeScript infers the union
 * of `2` and `4` when both places infer alike; here the first place that states the symbol wins:
 *
 * 1. the first use infers it
 * 2. the second use infers it only where the first said nothing (`SharedDim`)
 * 3. all later uses only check (`NoInfer`)
 *
 * Returns a function to be called once per use, in the order of the declaration.
 */
export function symbolUses(parameters: ReadonlyMap<string, string>): (symbol: string) => string | undefined {
  const seen = new Map<string, number>()
  return (symbol) => {
    const parameter = parameters.get(symbol)
    const uses = (seen.get(symbol) ?? 0) + 1
    seen.set(symbol, uses)
    if (parameter === undefined || uses === 1) return parameter
    return uses === 2 ? `SharedDim<${parameter}>` : `NoInfer<${parameter}>`
  }
}

/**
 * The inputs that must state their dimensions. Of the others, the run time works them out from the length, as at most
 * one is neither a number nor a symbol of an input before.
 */
export function inputsWithDims(inputs: readonly SignatureEntry[]): ReadonlySet<SignatureEntry> {
  const known = new Set<string>()
  const mustState = new Set<SignatureEntry>()
  for (const entry of inputs.filter(isTensor)) {
    const unknown = entry.shape.filter((dim) => dim === null || (typeof dim === 'string' && !known.has(dim)))
    if (unknown.length > 1) mustState.add(entry)
    for (const dim of entry.shape) if (typeof dim === 'string') known.add(dim)
  }
  return mustState
}

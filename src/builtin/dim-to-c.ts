import { CompileError } from '../errors/index.ts'
import { type Atom, type Call, type Dim, SymbolicDim, type Term } from '../graph/dim.ts'
import { absolute } from '../graph/integer.ts'

/** Functions of native/kernels/runtime.h. */
const functions: Readonly<Record<Call, string>> = {
  floor_div: 'om_floor_div',
  trunc_div: 'om_trunc_div',
  mod: 'om_mod',
  min: 'om_dim_min',
  max: 'om_dim_max',
  broadcast: 'om_dim_broadcast',
  times: 'om_dim_mul',
}

/**
 * A C expression of type int64_t, which saturates where it would overflow; `nameOf` gives the C variable of a symbol.
 * `named` may give one for a formula (a sum, a product of symbols, a call of a function), whose text it asks for, to keep
 * it from being written and worked out again and again.
 */
export function dimToC(
  dim: Dim,
  nameOf: (symbol: string) => string,
  named: (formula: SymbolicDim, text: () => string) => string = (_, text) => text(),
): string {
  if (typeof dim === 'number') return integerToC(BigInt(dim))
  const toC = (part: Dim): string => dimToC(part, nameOf, named)
  const atomToC = (atom: Atom): string => {
    if (atom.kind === 'symbol') return nameOf(atom.name)
    return named(monomial([atom]), () => `${functions[atom.call]}(${toC(atom.a)}, ${toC(atom.b)})`)
  }
  const productToC = (atoms: readonly Atom[]): string => {
    const product = (): string => atoms.map(atomToC).reduceRight((rest, factor) => `om_dim_mul(${factor}, ${rest})`)
    return atoms.length === 1 ? product() : named(monomial(atoms), product)
  }
  const termToC = ({ coefficient, atoms }: Term): string => {
    if (atoms.length === 0) return integerToC(coefficient)
    return coefficient === 1n ? productToC(atoms) : `om_dim_mul(${integerToC(coefficient)}, ${productToC(atoms)})`
  }
  const sum = (): string => dim.terms.map(termToC).reduceRight((rest, term) => `om_dim_add(${term}, ${rest})`)
  return dim.terms.length === 1 ? sum() : named(dim, sum)
}

function monomial(atoms: readonly Atom[]): SymbolicDim {
  return new SymbolicDim([{ coefficient: 1n, atoms }])
}

function integerToC(value: bigint): string {
  if (BigInt.asIntN(64, value) !== value)
    throw new CompileError('UNSUPPORTED_SIZE', `A size of ${value} is beyond all memory. Check the model's dimensions.`)
  if (value === -(2n ** 63n)) return 'INT64_MIN'
  const text = absolute(value) > 0x7fffffffn ? `INT64_C(${value})` : String(value)
  return value < 0n ? `(${text})` : text
}

import { CompileError } from '../errors.ts'
import { type Call, type Dim, SymbolicDim } from '../graph/dim.ts'
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
 * `named` may give one for a call of a function, whose text it asks for, to keep nested calls from being written again
 * and again.
 */
export function dimToC(
  dim: Dim,
  nameOf: (symbol: string) => string,
  named: (call: SymbolicDim, text: () => string) => string = (_, text) => text(),
): string {
  if (typeof dim === 'number') return integerToC(BigInt(dim))
  const toC = (inner: Dim): string => dimToC(inner, nameOf, named)
  const terms = dim.terms.map((term) => {
    const factors = term.atoms.map((atom) => {
      if (atom.kind === 'symbol') return nameOf(atom.name)
      const alone = new SymbolicDim([{ coefficient: 1n, atoms: [atom] }])
      return named(alone, () => `${functions[atom.call]}(${toC(atom.a)}, ${toC(atom.b)})`)
    })
    if (term.coefficient !== 1n || factors.length === 0) factors.unshift(integerToC(term.coefficient))
    return factors.reduceRight((product, factor) => `om_dim_mul(${factor}, ${product})`)
  })
  return terms.reduceRight((sum, term) => `om_dim_add(${term}, ${sum})`)
}

function integerToC(value: bigint): string {
  if (BigInt.asIntN(64, value) !== value)
    throw new CompileError('UNSUPPORTED_SIZE', `A size of ${value} is beyond all memory. Check the model's dimensions.`)
  if (value === -(2n ** 63n)) return 'INT64_MIN'
  const text = absolute(value) > 0x7fffffffn ? `INT64_C(${value})` : String(value)
  return value < 0n ? `(${text})` : text
}

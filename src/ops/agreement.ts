import type { Dim } from '../graph/dim.ts'
import { dimEquals } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import type { KernelWriter } from './lowering.ts'

/**
 * Two dimensions that an operator wants equal: known to differ, the model is refused; not known, the kernel checks when
 * it runs. Kernels index one tensor by another's dimensions, so what is checked nowhere reads foreign memory.
 */
export interface Agreement {
  readonly given: Dim | undefined
  readonly expected: Dim | undefined
  /** What differs, as a sentence. */
  readonly problem: string
}

/** Throws for what is known to differ. */
export function checkAgreement(node: Node, agreements: readonly Agreement[]): void {
  for (const { given, expected, problem } of agreements) {
    const differ = typeof given === 'number' && typeof expected === 'number' ? given !== expected : given === undefined
    if (differ) throw node.error('MODEL_SHAPE', `${problem} (${given ?? 'no axis'}, not ${expected})`)
  }
}

/** Ends the call for what turns out to differ. */
export function checkAgreementWhenRun(k: KernelWriter, agreements: readonly Agreement[]): void {
  for (const { given, expected, problem } of agreements) {
    if (given === undefined || expected === undefined || dimEquals(given, expected)) continue
    k.failIf(`${k.dim(given)} != ${k.dim(expected)}`, problem)
  }
}

/** Agreement of a vector with one element per channel, class or the like. */
export function vectorOf(value: Value, expected: Dim | undefined, name: string): Agreement {
  return {
    given: value.rank === 1 ? value.dims[0] : undefined,
    expected,
    problem: `${name} has not one element per channel`,
  }
}

/** Throws unless input `i`, where given, is a single number. */
export function checkSingle(node: Node, i: number): void {
  const value = node.inputs[i]
  if (value && (value.rank > 1 || (value.rank === 1 && value.dims[0] !== 1))) {
    throw node.error('MODEL_SHAPE', `input ${i} has shape [${value.dims.join(', ')}], but should be a single number`)
  }
}

import type { IntName } from '../../graph/attributes.ts'
import type { Node } from '../../graph/graph.ts'

/** The domain of onnxruntime's own operators ("contrib ops"), whose only version is 1. */
export const MICROSOFT = 'com.microsoft'

/**
 * Refuses what of an operator is not done.
 *
 * @throws CompileError `UNSUPPORTED_INPUT` where one of these optional inputs, by index, is given
 */
export function refuseInputs(node: Node, inputs: Readonly<Record<number, string>>): void {
  for (const [index, name] of Object.entries(inputs)) {
    if (node.inputs[Number(index)])
      throw node.error('UNSUPPORTED_INPUT', `its optional input ${index} (${name}) is not supported`)
  }
}

/**
 * Inputs that are given together or not at all.
 *
 * @throws CompileError `MODEL_MISSING_INPUT`
 */
export function together(node: Node, inputs: Readonly<Record<number, string>>): void {
  const missing = Object.entries(inputs).filter(([index]) => !node.inputs[Number(index)])
  if (missing.length === 0 || missing.length === Object.keys(inputs).length) return
  const all = Object.values(inputs).join(' and ')
  throw node.error(
    'MODEL_MISSING_INPUT',
    `${all} belong together, but ${missing.map(([, name]) => name).join()} is missing`,
  )
}

/**
 * Refuses what of an operator is not done.
 *
 * @throws CompileError `UNSUPPORTED_ATTRIBUTE` where one of these flags is set
 */
export function refuseAttributes(node: Node, flags: readonly IntName[]): void {
  for (const flag of flags) {
    if (node.int(flag, 0) !== 0) throw node.error('UNSUPPORTED_ATTRIBUTE', `${flag} is not supported`)
  }
}

import { OnnxMlirError } from '../errors/index.ts'
import type { Node } from './graph.ts'

/**
 * Does some work on one node. Rules for operators are checked where nodes are added; should one be missing, whoever breaks
 * it is told which node did, and not that a property of undefined can't be read. That is in `cause`.
 *
 * @throws CompileError `MODEL_NODE` in place of what is no error of ours
 */
export function naming<T>(node: Node, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof OnnxMlirError) throw error
    const given = node.inputs
      .slice(0, 8)
      .map((input) => (input ? `${input.type}[${input.shape?.join(', ') ?? '…'}]` : 'nothing'))
    const problem = `its inputs (${given.join(', ')}) or attributes are not what this operator takes`
    throw node.error('MODEL_NODE', problem, { cause: error })
  }
}

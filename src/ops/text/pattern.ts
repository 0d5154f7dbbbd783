import type { Node } from '../../graph/graph.ts'
import { compileRegex, RegexError, type RegexProgram } from './regex.ts'

/**
 * The program of a regular expression that a node states, in RE2's syntax.
 *
 * @throws CompileError `UNSUPPORTED_PATTERN` where it is none, or has what we do not compile
 */
export function compiledPattern(node: Node, pattern: string): RegexProgram {
  try {
    return compileRegex(pattern)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    throw node.error(
      'UNSUPPORTED_PATTERN',
      `the pattern ${JSON.stringify(pattern)} can't be compiled: ${error.message}`,
    )
  }
}

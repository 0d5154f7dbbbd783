import type { Dim } from '../graph/dim.ts'
import type { Demand } from '../graph/demand.ts'
import type { Node } from '../graph/graph.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import { shortenNames } from '../runtime/shorten.ts'
import { nodePlace } from './kernel.ts'
import { SizeVariables } from './size-variables.ts'

/** The body of a C function that is being written: statements, the sizes that they use, and how they fail. */
export class Statements {
  protected readonly sizes = new SizeVariables()
  protected body = ''
  /** What was written since the last `flush`, and how far that begins to be indented. */
  protected statements = ''
  private statementsIndent = '  '
  private indent = '  '
  protected node: Node | undefined
  private names = 0

  line(text: string): void {
    if (text.startsWith('}')) this.indent = this.indent.slice(2)
    this.statements += `${this.indent}${text}\n`
    if (text.endsWith('{')) this.indent += '  '
  }

  name(): string {
    return `v${this.names++}`
  }

  dim(dim: Dim): string {
    return this.sizes.dim(dim)
  }

  symbol(dim: Dim): string {
    return this.sizes.target(dim)
  }

  /** Ends a run of statements: the sizes that they use are worked out before them. */
  protected flush(): void {
    const definitions = this.sizes.takeDefinitions().map((line) => `${this.statementsIndent}${line}\n`)
    this.body += definitions.join('') + this.statements
    this.statements = ''
    this.statementsIndent = this.indent
  }

  failIf(condition: string, sentence: string): void {
    this.fail(condition, 'OM_ERR_VALUE', this.place() + sentence)
  }

  /** What errors begin with: the node that is being written. */
  protected place(): string {
    return this.node ? nodePlace(this.node) : ''
  }

  demand({ operator, given, expected, orOne, sentence }: Demand): void {
    const [size, wanted] = [this.dim(given), this.dim(expected)]
    this.failSize(
      `${size} != ${wanted}${orOne ? ` && ${size} != 1` : ''}`,
      size,
      wanted,
      nodePlace({ name: this.node?.name ?? '', operator }) + sentence,
    )
  }

  failUnlessEqual(given: string, expected: string, sentence: string): void {
    this.failSize(`${given} != ${expected}`, given, expected, this.place() + sentence)
  }

  needsMemory(call: string): void {
    this.fail(`!${call}`, 'OM_ERR_MEMORY', `${this.place()}not enough memory for its result`)
  }

  protected byteCount(bytes: Dim): string {
    if (typeof bytes === 'number') return this.dim(bytes)
    return `om_byte_count(${this.dim(bytes)})`
  }

  protected failSize(condition: string, given: string, expected: string, sentence: string): void {
    const failure = `om_fail_size(message, ${stringLiteral(shortenNames(sentence))}, ${expected}, ${given})`
    this.line(`if (${condition}) { error = ${failure}; goto done; }`)
  }

  protected fail(condition: string, code: string, sentence: string): void {
    this.line(
      `if (${condition}) { error = om_fail(message, ${code}, ${stringLiteral(shortenNames(sentence))}); goto done; }`,
    )
  }
}

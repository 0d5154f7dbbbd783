import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { stringLiteral } from '../../lowering/c-text.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { compiledPattern } from '../text/pattern.ts'
import type { RegexProgram } from '../text/regex.ts'
import { MICROSOFT } from './domain.ts'

/** More are refused: each takes a call inside of a call. */
const MOST_SEPARATORS = 64

interface Tokens {
  /** None: every code point is a token. */
  readonly patterns: readonly RegexProgram[]
  readonly separates: boolean
}

function tokensOf(node: Node): Tokens {
  const [expression, separators] = [node.string('tokenexp'), node.strings('separators')]
  if ((expression === undefined) === (separators === undefined))
    throw node.error('MODEL_ATTRIBUTE', 'either tokenexp or separators is required')
  if (expression !== undefined) return { patterns: [patternOf(node, expression)], separates: false }
  if (separators!.length === 1 && separators![0] === '') return { patterns: [], separates: true }
  if (separators!.length > MOST_SEPARATORS)
    throw node.error('UNSUPPORTED_ATTRIBUTE', `${separators!.length} separators are more than ${MOST_SEPARATORS}`)
  return { patterns: separators!.map((separator) => patternOf(node, separator)), separates: true }
}

function patternOf(node: Node, pattern: string): RegexProgram {
  if (pattern === '') throw node.error('MODEL_ATTRIBUTE', 'a pattern is empty')
  return compiledPattern(node, pattern)
}

/** Declares `tokenizer`, of native/kernels/tokens.h. */
function writeTokenizer(node: Node, k: KernelWriter): void {
  const { patterns, separates } = tokensOf(node)
  const table = (values: readonly number[]): string =>
    k.constant('int32', tensorFrom('int32', [values.length], values).data)
  const counts = patterns.map(({ instructions }) => instructions.length / 3)
  k.include('tokens.h')
  const fields = patterns.map(
    ({ instructions, ranges }, i) => `{${table(instructions)}, ${table(ranges)}, ${counts[i]}}`,
  )
  k.line(`const om_regex patterns[] = {${fields.join(', ') || '{0}'}};`)
  const work = k.scratch(Math.max(1, ...counts) * 5 * 4, 'int32_t')
  const least = node.int('mincharnum', 1)
  k.line(`const om_tokenizer tokenizer = {patterns, ${patterns.length}, ${separates}, ${least}, ${work}};`)
}

/**
 * com.microsoft.Tokenizer: the tokens of each text, between marks where `mark` is set, filled up with `pad_value`.
 * Patterns are RE2's; of matches that begin at one place the longest counts.
 */
const Tokenizer: LoweredOperator = {
  name: 'Tokenizer',
  domain: MICROSOFT,
  rules: (node) => takes(node.input(0).rank === 2 ? 'X:string[_, _]' : 'X:string[_]'),
  infer(node, context): ValueInfo[] {
    tokensOf(node)
    return [{ type: 'string', shape: [...node.input(0).dims, context.freshDim()] }]
  },
  sizes(node, k) {
    writeTokenizer(node, k)
    k.line('int64_t most = 0;')
    k.line(`for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) {`)
    k.line('om_token_list list = {0};')
    k.line(`om_tokenize(&tokenizer, ${k.input(0)}[i], &list);`)
    k.line('if (list.count > most) most = list.count;\n}')
    const marks = node.int('mark', 0) ? 2 : 0
    k.line(`*${k.symbol(node.output().dims.at(-1)!)} = most > 0 ? most + ${marks} : 0;`)
  },
  lower(node, k) {
    const isMarked = node.int('mark', 0) !== 0
    const width = k.dim(node.output().dims.at(-1)!)
    writeTokenizer(node, k)
    k.line(`for (int64_t i = 0; ${width} > 0 && i < ${k.count(node.input(0).dims)}; i++) {`)
    k.line(`const char **row = ${k.output()} + i * ${width};`)
    if (isMarked) k.line('row[0] = "\\002";')
    k.line(`om_token_list list = {0, row + ${isMarked ? 1 : 0}, ${k.texts()}, false};`)
    k.line(`om_tokenize(&tokenizer, ${k.input(0)}[i], &list);`)
    k.failIf('list.fails', 'there is no memory for its texts')
    if (isMarked) k.line('list.to[list.count++] = "\\003";')
    k.line(
      `while (list.to + list.count < row + ${width}) list.to[list.count++] = ${stringLiteral(node.string('pad_value', ''))};\n}`,
    )
  },
}

export const tokenizer: readonly LoweredOperator[] = [Tokenizer]

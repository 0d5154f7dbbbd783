import { type Dim, dimEquals } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'
import { choiceOf } from '../../graph/choice.ts'
import { stringLiteral } from '../../lowering/c-text.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { compiledPattern } from './pattern.ts'
import type { RegexProgram } from './regex.ts'

const cases: Readonly<Record<string, string>> = { NONE: 'OM_KEEP_CASE', LOWER: 'OM_LOWER_CASE', UPPER: 'OM_UPPER_CASE' }

/** Declares `kept`, how many texts are no stop words; `each` is written for each of them, as `i`. */
function writeKept(node: Node, k: KernelWriter, each: string): void {
  const words = node.strings('stopwords') ?? []
  k.include('words.h')
  k.line(`static const char *const stopwords[] = {${words.map(stringLiteral).join(', ') || '0'}};`)
  k.line('int64_t kept = 0;')
  k.line(`for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) {`)
  k.line(
    `if (om_is_listed(${k.input(0)}[i], stopwords, ${words.length}, ${Boolean(node.int('is_case_sensitive', 0))})) continue;`,
  )
  if (each) k.line(each)
  k.line('kept++;\n}')
}

/** ONNX StringNormalizer-10: changes the case of letters and leaves stop words out; nothing left is one empty text. */
const StringNormalizer: LoweredOperator = {
  name: 'StringNormalizer',
  rules: (node) => takes(`X:string${node.input(0).rank === 2 ? '[1, _]' : '[_]'}`),
  infer(node, context): ValueInfo[] {
    const { dims, rank } = node.input(0)
    const words = node.strings('stopwords') ?? []
    const count =
      words.length === 0 && typeof dims.at(-1) === 'number' && dims.at(-1) !== 0 ? dims.at(-1)! : context.freshDim()
    return [{ type: 'string', shape: rank === 1 ? [count] : [1, count] }]
  },
  sizes(node, k) {
    const count = node.output().dims.at(-1)!
    if (typeof count === 'number') return
    writeKept(node, k, '')
    k.line(`*${k.symbol(count)} = kept > 0 ? kept : 1;`)
  },
  lower(node, k) {
    const letters = choiceOf(node, 'case_change_action', 'NONE', cases)
    k.line(`${k.output()}[0] = "";`)
    if (letters === cases['NONE']) return writeKept(node, k, `${k.output()}[kept] = ${k.input(0)}[i];`)
    k.line('bool complete = true;')
    writeKept(
      node,
      k,
      `char *made = om_make_text(${k.texts()}, strlen(${k.input(0)}[i]));\nif (!made) { complete = false; break; }\n` +
        `om_copy_in_case(made, ${k.input(0)}[i], ${letters});\n${k.output()}[kept] = made;`,
    )
    k.failIf('!complete', 'there is no memory for its texts')
  },
}

/** ONNX StringConcat-20, with broadcasting. */
const StringConcat: LoweredOperator = {
  name: 'StringConcat',
  rules: takes('X:string[~] Y:string[~]'),
  infer: (node): ValueInfo[] => [
    { type: 'string', shape: broadcastShapes(node, [node.input(0).dims, node.input(1).dims]) },
  ],
  decompose(node, b) {
    const [x, y] = [node.input(0), node.input(1)]
    const shape = broadcastShapes(node, [x.dims, y.dims])
    const same = (dims: readonly Dim[]): boolean =>
      dims.length === shape.length && dims.every((dim, i) => dimEquals(dim, shape[i]!))
    if (same(x.dims) && same(y.dims)) return undefined
    return [
      b.op(
        'StringConcat',
        [x, y].map((value) => (same(value.dims) ? value : b.op('Expand', [value, b.dims(shape)]))),
      ),
    ]
  },
  lower(node, k) {
    k.include('words.h')
    k.line(`for (int64_t i = 0; i < ${k.count(node.output().dims)}; i++) {`)
    k.line(`const size_t first = strlen(${k.input(0)}[i]), second = strlen(${k.input(1)}[i]);`)
    k.line(`char *made = om_make_text(${k.texts()}, first + second);`)
    k.failIf('!made', 'there is no memory for its texts')
    k.line(`memcpy(made, ${k.input(0)}[i], first);`)
    k.line(`memcpy(made + first, ${k.input(1)}[i], second + 1);`)
    k.line(`${k.output()}[i] = made;\n}`)
  },
}

/** ONNX StringSplit-20: pieces of each text, filled up with empty ones, and how many there are. */
const StringSplit: LoweredOperator = {
  name: 'StringSplit',
  rules: takes('X:string'),
  infer(node, context): ValueInfo[] {
    const { dims } = node.input(0)
    return [
      { type: 'string', shape: [...dims, context.freshDim()] },
      { type: 'int64', shape: dims },
    ]
  },
  sizes(node, k) {
    k.include('words.h')
    k.line('int64_t most = 0;')
    k.line(
      `for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) most = om_dim_max(most, om_count_pieces(${k.input(0)}[i], ${delimiterOf(node)}, ${mostSplits(node)}));`,
    )
    k.line(`*${k.symbol(node.output().dims.at(-1)!)} = most;`)
  },
  lower(node, k) {
    const width = k.dim(node.output().dims.at(-1)!)
    const most = mostSplits(node)
    k.include('words.h')
    k.line(`for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) {`)
    k.line(`const char *rest = ${k.input(0)}[i], *piece;\nint64_t count = 0;`)
    k.line(
      `for (int64_t bytes; (bytes = om_next_piece(&rest, ${delimiterOf(node)}, ${most} >= 0 && count == ${most}, &piece)) >= 0; count++) {`,
    )
    k.line(`char *made = om_make_text(${k.texts()}, (size_t)bytes);`)
    k.failIf('!made', 'there is no memory for its texts')
    k.line(`memcpy(made, piece, (size_t)bytes);\nmade[bytes] = 0;\n${k.output()}[i * ${width} + count] = made;\n}`)
    if (node.outputs[1]) k.line(`${k.output(1)}[i] = count;`)
    k.line(`for (; count < ${width}; count++) ${k.output()}[i * ${width} + count] = "";\n}`)
  },
}

function delimiterOf(node: Node): string {
  return stringLiteral(node.string('delimiter', ''))
}

/** The largest number of splits; -1: any. */
function mostSplits(node: Node): number {
  return node.int('maxsplit', -1)
}

/** The program of a RegexFullMatch node. */
function regexOf(node: Node): RegexProgram {
  const pattern = node.string('pattern')
  if (pattern === undefined) throw node.error('MODEL_ATTRIBUTE', 'pattern is required')
  return compiledPattern(node, pattern)
}

/** ONNX RegexFullMatch-20: RE2's syntax, the whole text. */
const RegexFullMatch: LoweredOperator = {
  name: 'RegexFullMatch',
  rules: takes('X:string'),
  infer(node): ValueInfo[] {
    regexOf(node)
    return [{ type: 'bool', shape: node.input(0).dims }]
  },
  lower(node, k) {
    const { instructions, ranges } = regexOf(node)
    const table = (values: readonly number[]): string =>
      k.constant('int32', tensorFrom('int32', [values.length], values).data)
    const count = instructions.length / 3
    k.include('regex.h')
    k.line(`const om_regex re = {${table(instructions)}, ${table(ranges)}, ${count}};`)
    const work = k.scratch(count * 5 * 4, 'int32_t')
    k.line(
      `for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) ${k.output()}[i] = om_regex_matches(&re, ${k.input(0)}[i], ${work});`,
    )
  },
}

export const strings: readonly LoweredOperator[] = [StringNormalizer, StringConcat, StringSplit, RegexFullMatch]

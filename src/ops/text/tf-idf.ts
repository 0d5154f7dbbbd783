import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { choiceOf } from '../../graph/choice.ts'
import { stringLiteral } from '../../lowering/c-text.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'

/** What C does with the number of occurrences `count` of gram `g`. */
const modes: Readonly<Record<string, string>> = { TF: 'count', IDF: 'weights[g]', TFIDF: 'count * weights[g]' }

interface Pool {
  /** Entries of the pool in which the grams of one length begin and end, and that length. */
  readonly runs: readonly { readonly begin: number; readonly end: number; readonly length: number }[]
  readonly grams: number
}

/** `ngram_counts` says where the grams of each length begin in the pool. */
function poolOf(node: Node): Pool {
  const size = (node.strings('pool_strings') ?? node.ints('pool_int64s') ?? []).length
  const starts = node.ints('ngram_counts') ?? []
  const runs = starts.map((begin, i) => ({ begin, end: starts[i + 1] ?? size, length: i + 1 }))
  const broken = runs.some(
    ({ begin, end, length }) => begin < 0 || end < begin || end > size || (end - begin) % length !== 0,
  )
  const grams = runs.reduce((sum, { begin, end, length }) => sum + (end - begin) / length, 0)
  if (broken || (starts[0] ?? 0) !== 0 || indexesOf(node).length !== grams) {
    throw node.error('MODEL_ATTRIBUTE', 'ngram_counts, ngram_indexes and the pool do not fit together')
  }
  return { runs, grams }
}

function indexesOf(node: Node): readonly number[] {
  const indexes = node.ints('ngram_indexes') ?? []
  if (indexes.some((index) => index < 0)) throw node.error('MODEL_ATTRIBUTE', 'ngram_indexes must not be negative')
  return indexes
}

/** Declares the C array `pool`, of the type of the input's elements. */
function writePool(node: Node, k: KernelWriter): void {
  const strings = node.strings('pool_strings')
  if (strings) k.line(`static const char *const pool[] = {${strings.map(stringLiteral).join(', ') || '0'}};`)
  else {
    const ints = node.bigints('pool_int64s') ?? []
    k.line(`const int64_t *pool = ${k.constant('int64', tensorFrom('int64', [ints.length], ints).data)};`)
  }
}

/**
 * ONNX TfIdfVectorizer-9: how often each gram of the pool occurs in a row, its items next to each other or up to
 * `max_skip_count` apart; single items are counted once.
 */
const TfIdfVectorizer: LoweredOperator = {
  name: 'TfIdfVectorizer',
  rules: (node) => takes(`X:string|index${node.input(0).rank === 2 ? '[_, _]' : '[_]'}`),
  infer(node): ValueInfo[] {
    const { dims, type } = node.input(0)
    if ((type === 'string') !== Boolean(node.strings('pool_strings')))
      throw node.error('MODEL_TYPES', `the pool does not hold elements of type ${type}`)
    poolOf(node)
    return [{ type: 'float32', shape: [...dims.slice(0, -1), Math.max(-1, ...indexesOf(node)) + 1] }]
  },
  lower(node, k) {
    const { dims, type } = node.input(0)
    const mode = choiceOf(node, 'mode', 'TF', modes)
    const { runs, grams } = poolOf(node)
    const [shortest, longest, skips] = [
      node.int('min_gram_length', 1),
      node.int('max_gram_length', 1),
      node.int('max_skip_count', 0),
    ]
    const weights = node.floats('weights') ?? Array<number>(grams).fill(1)
    if (weights.length !== grams)
      throw node.error('MODEL_ATTRIBUTE', `there are ${weights.length} weights for ${grams} grams`)
    const [items, width] = [k.dim(dims.at(-1)!), k.dim(node.output().dims.at(-1)!)]
    const same =
      type === 'string' ? 'strcmp(row[at + j * step], pool[from + j]) == 0' : 'row[at + j * step] == pool[from + j]'
    writePool(node, k)
    k.line(`const int64_t *places = ${k.constant('int64', tensorFrom('int64', [grams], indexesOf(node)).data)};`)
    if (mode.includes('weights'))
      k.line(`const float *weights = ${k.constant('float32', tensorFrom('float32', [grams], weights).data)};`)
    k.line(`memset(${k.output()}, 0, (size_t)${k.count(node.output().dims)} * sizeof(float));`)
    k.line(`for (int64_t r = 0; r < ${k.count(dims.slice(0, -1))}; r++) {`)
    k.line(`__typeof__(${k.input(0)}) row = ${k.input(0)} + r * ${items};`)
    let first = 0
    for (const { begin, end, length } of runs) {
      const count = (end - begin) / length
      if (count > 0 && length >= shortest && length <= longest) {
        k.line(`for (int64_t g = ${first}, from = ${begin}; g < ${first + count}; g++, from += ${length}) {`)
        k.line('float count = 0;')
        k.line(`for (int64_t step = 1; step <= ${length === 1 ? 1 : skips + 1}; step++)`)
        k.line(`  for (int64_t at = 0; at + ${length - 1} * step < ${items}; at++) {`)
        k.line(`    int64_t j = 0;\n    while (j < ${length} && ${same}) j++;\n    count += j == ${length};\n  }`)
        k.line(`if (count > 0) ${k.output()}[r * ${width} + places[g]] = ${mode};\n}`)
      }
      first += count
    }
    k.line('}')
  },
}

export const tfIdf: readonly LoweredOperator[] = [TfIdfVectorizer]

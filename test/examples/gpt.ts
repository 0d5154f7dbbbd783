import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'

/** A decoder as GPT-2 is one, in small: token and position embeddings, pre-norm blocks of attention and GELU, tied logits. */
const vocabulary = 97
const width = 24
const heads = 3
const headSize = width / heads
const layers = 2
const positions = 64
const epsilon = 1e-5

type Matrix = readonly (readonly number[])[]

/** Weights by name, as ONNX has them: `[rows, columns]`, or a vector. */
const weights = new Map<string, { readonly dims: readonly number[]; readonly data: readonly number[] }>()

let state = 20260101
/** Sum of three uniform numbers: near enough to a normal one. */
function random(scale: number): number {
  let sum = 0
  for (let i = 0; i < 3; i++) {
    state = (state * 48271) % 0x7fffffff
    sum += (state / 0x7fffffff) * 2 - 1
  }
  return Math.fround(sum * scale)
}

function weight(name: string, dims: readonly number[], scale: number, mean = 0): void {
  const data = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.fround(mean + random(scale)))
  weights.set(name, { dims, data })
}

weight('wte', [vocabulary, width], 0.6)
weight('wpe', [positions, width], 0.6)
for (let i = 0; i < layers; i++) {
  for (const name of [`norm1.${i}`, `norm2.${i}`]) weight(name, [width], 0.1, 1)
  for (const name of ['q', 'k', 'v', 'o']) weight(`${name}.${i}`, [width, width], 0.3)
  weight(`up.${i}`, [width, 4 * width], 0.3)
  weight(`down.${i}`, [4 * width, width], 0.2)
}
weight('norm', [width], 0.1, 1)
weight('zeros', [width], 0)

export interface GptOptions {
  /** Takes and gives keys and values, and positions, as exports for generation do. */
  readonly cached?: boolean
  /** Length of `input_ids`; default: any. */
  readonly length?: number
}

/** The decoder as an ONNX file: `input_ids` and `attention_mask` of any length in, `logits` out. */
export function gptModel({ cached = false, length }: GptOptions = {}): Uint8Array {
  const nodes: NodeSource[] = []
  const op = (
    name: string,
    inputs: string[],
    attributes: NodeSource['attributes'] = {},
    output = `t${nodes.length}`,
  ) => {
    nodes.push({ op: name, inputs, outputs: [output], attributes })
    return output
  }
  const sequence = length ?? 'sequence_length'
  const total = cached ? 'total_length' : sequence
  const inputs: Record<string, TypeInfo> = {
    input_ids: tensorType('int64', ['batch', sequence]),
    attention_mask: tensorType('int64', ['batch', total]),
    ...(cached && { position_ids: tensorType('int64', ['batch', sequence]) }),
  }
  const outputs: Record<string, TypeInfo> = { logits: tensorType('float32', ['batch', sequence, vocabulary]) }
  const constants: Record<string, Tensor> = {
    zero: tensorFrom('int64', [], [0n]),
    one: tensorFrom('int64', [], [1n]),
    axis1: tensorFrom('int64', [1], [1n]),
    axes12: tensorFrom('int64', [2], [1n, 2n]),
    axes13: tensorFrom('int64', [2], [1n, 3n]),
    split: tensorFrom('int64', [4], [0n, 0n, BigInt(heads), BigInt(headSize)]),
    join: tensorFrom('int64', [3], [0n, 0n, BigInt(width)]),
    scale: tensorFrom('float32', [], [1 / Math.sqrt(headSize)]),
    never: tensorFrom('float32', [], [-1e9]),
    always: tensorFrom('float32', [], [0]),
  }
  for (const [name, { dims, data }] of weights) constants[name] = tensorFrom('float32', dims, data)

  const lengthOf = (name: string) => op('Squeeze', [op('Gather', [op('Shape', [name]), 'axis1']), 'zero1'])
  constants['zero1'] = tensorFrom('int64', [1], [0n])
  const position = cached
    ? 'position_ids'
    : op('Unsqueeze', [op('Range', ['zero', lengthOf('input_ids'), 'one']), 'zero1'])
  const all = op('Range', ['zero', lengthOf('attention_mask'), 'one'])
  const before = op('LessOrEqual', [all, op('Unsqueeze', [position, 'axes13'])])
  const wanted = op('Cast', [op('Unsqueeze', ['attention_mask', 'axes12'])], { to: 9n })
  const mask = op('Where', [op('And', [before, wanted]), 'always', 'never'])

  const norm = (x: string, name: string) =>
    op('LayerNormalization', [x, name, 'zeros'], { axis: -1n, epsilon: Math.fround(epsilon) })
  const perHead = (x: string) => op('Transpose', [op('Reshape', [x, 'split'])], { perm: [0n, 2n, 1n, 3n] })
  let x = op('Add', [op('Gather', ['wte', 'input_ids']), op('Gather', ['wpe', position])])
  for (let i = 0; i < layers; i++) {
    const normed = norm(x, `norm1.${i}`)
    const query = perHead(op('MatMul', [normed, `q.${i}`]))
    const [key, value] = (['key', 'value'] as const).map((kind) => {
      const now = perHead(op('MatMul', [normed, `${kind[0]}.${i}`]))
      if (!cached) return now
      const type = (dim: string) => tensorType('float32', ['batch', heads, dim, headSize])
      inputs[`past_key_values.${i}.${kind}`] = type('past_length')
      outputs[`present.${i}.${kind}`] = type('total_length')
      return op('Concat', [`past_key_values.${i}.${kind}`, now], { axis: 2n }, `present.${i}.${kind}`)
    }) as [string, string]
    const scores = op('Mul', [op('MatMul', [query, op('Transpose', [key], { perm: [0n, 1n, 3n, 2n] })]), 'scale'])
    const shares = op('Softmax', [op('Add', [scores, mask])], { axis: -1n })
    const mixed = op('Transpose', [op('MatMul', [shares, value])], { perm: [0n, 2n, 1n, 3n] })
    x = op('Add', [x, op('MatMul', [op('Reshape', [mixed, 'join']), `o.${i}`])])
    const hidden = op('Gelu', [op('MatMul', [norm(x, `norm2.${i}`), `up.${i}`])], { approximate: 'tanh' })
    x = op('Add', [x, op('MatMul', [hidden, `down.${i}`])])
  }
  op('MatMul', [norm(x, 'norm'), op('Transpose', ['wte'], { perm: [1n, 0n] })], {}, 'logits')
  return modelBytes({ opsets: { '': 20 }, irVersion: 9, inputs, outputs, initializers: constants, nodes })
}

/** What greedy decoding adds to a prompt, worked out in double precision, one token after the other, without any of our code. */
export function gptContinuation(prompt: readonly number[], count: number): number[] {
  const tokens = [...prompt]
  for (let i = 0; i < count; i++) {
    const logits = times([normalized(lastState(tokens), 'norm')], transposed(matrix('wte')))[0]!
    tokens.push(logits.indexOf(Math.max(...logits)))
  }
  return tokens.slice(prompt.length)
}

function lastState(tokens: readonly number[]): readonly number[] {
  let states: Matrix = tokens.map((token, i) => matrix('wte')[token]!.map((value, j) => value + matrix('wpe')[i]![j]!))
  for (let i = 0; i < layers; i++) {
    const normed = states.map((row) => normalized(row, `norm1.${i}`))
    const [q, k, v] = ['q', 'k', 'v'].map((name) => times(normed, matrix(`${name}.${i}`))) as [Matrix, Matrix, Matrix]
    const mixed = q.map((query, at) =>
      query.map((_, column) => {
        const head = Math.floor(column / headSize) * headSize
        const scores = k.slice(0, at + 1).map((key) => {
          let sum = 0
          for (let j = head; j < head + headSize; j++) sum += query[j]! * key[j]!
          return Math.exp(sum / Math.sqrt(headSize))
        })
        const sum = scores.reduce((a, b) => a + b)
        return scores.reduce((mix, score, position) => mix + (score / sum) * v[position]![column]!, 0)
      }),
    )
    states = plus(states, times(mixed, matrix(`o.${i}`)))
    const hidden = times(
      states.map((row) => normalized(row, `norm2.${i}`)),
      matrix(`up.${i}`),
    ).map((row) => row.map(gelu))
    states = plus(states, times(hidden, matrix(`down.${i}`)))
  }
  return states.at(-1)!
}

/** Hendrycks and Gimpel's approximation with tanh, which GPT-2 uses. */
function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
}

function normalized(row: readonly number[], name: string): readonly number[] {
  const mean = row.reduce((a, b) => a + b) / row.length
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length
  return row.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * weights.get(name)!.data[i]!)
}

function matrix(name: string): Matrix {
  const { dims, data } = weights.get(name)!
  const columns = dims[1]!
  return Array.from({ length: dims[0]! }, (_, row) => data.slice(row * columns, (row + 1) * columns))
}

function transposed(a: Matrix): Matrix {
  return a[0]!.map((_, column) => a.map((row) => row[column]!))
}

function times(a: Matrix, b: Matrix): Matrix {
  const columns = transposed(b)
  return a.map((row) => columns.map((column) => row.reduce((sum, value, i) => sum + value * column[i]!, 0)))
}

function plus(a: Matrix, b: Matrix): Matrix {
  return a.map((row, i) => row.map((value, j) => value + b[i]![j]!))
}

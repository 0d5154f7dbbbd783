import { describe, expect, it } from 'vitest'
import type { ModelSource, NodeSource } from '../../src/onnx/build.ts'
import { tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apartOfLargest, random, sessionsOf, wave } from './sessions.ts'

// Networks of convolutions over one axis and two, of what stands between these in vision and in audio, drawn at random: values
// change their layout wherever that pays. Against onnxruntime, which does as the graph says.

const runtime = onnxruntime()

/** A value: a line [n, c, l], an image [n, c, h, w], or tokens [n, s, c]. */
interface Drawn {
  readonly name: string
  readonly kind: 'line' | 'image' | 'tokens'
  readonly channels: number
}

class Network {
  readonly nodes: NodeSource[] = []
  readonly initializers: Record<string, Tensor> = {
    minus: tensorFrom('int64', [3], [0, 0, -1]),
    one: tensorFrom('int64', [1], [1]),
    two: tensorFrom('int64', [1], [2]),
    sides: tensorFrom('int64', [2], [2, 3]),
    half: tensorFrom('float32', [], [0.5]),
  }
  readonly values: Drawn[] = []
  readonly #random: () => number
  #count = 0

  constructor(seed: number) {
    this.#random = random(seed)
  }

  below(count: number): number {
    return Math.min(count - 1, Math.floor(((this.#random() + 1) / 2) * count))
  }

  weight(dims: readonly number[]): string {
    const name = `w${this.#count++}`
    const scale = 1.5 / Math.sqrt(dims.slice(1).reduce((a, b) => a * b, 1))
    const numbers = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => this.#random() * scale)
    this.initializers[name] = tensorFrom('float32', dims, numbers)
    return name
  }

  ints(values: readonly number[]): string {
    const name = `i${this.#count++}`
    this.initializers[name] = tensorFrom('int64', [values.length], values)
    return name
  }

  /** A node's output. */
  op(op: string, inputs: string[], attributes: NodeSource['attributes'] = {}): string {
    return this.ops(op, inputs, 1, attributes)[0]!
  }

  ops(op: string, inputs: string[], count: number, attributes: NodeSource['attributes'] = {}): string[] {
    const names = Array.from({ length: count }, () => `v${this.#count++}`)
    this.nodes.push(node(op, inputs, names, attributes))
    return names
  }

  add(name: string, kind: Drawn['kind'], channels: number): void {
    this.values.push({ name, kind, channels })
  }

  /** One more value, of one or two that are there; the last ones are taken more often. */
  grow(): void {
    const from = this.values[this.values.length - 1 - Math.min(this.below(4), this.below(this.values.length))]!
    const { name: x, kind, channels } = from
    const sides = kind === 'image' ? 2 : 1
    const steps = [
      () => this.add(this.op(['Relu', 'Sigmoid', 'Neg', 'Tanh', 'Identity'][this.below(5)]!, [x]), kind, channels),
      () => this.add(this.op('Mul', [x, this.op('Sigmoid', [x])]), kind, channels),
      () => this.add(this.op(['Add', 'Mul', 'Sub'][this.below(3)]!, [x, 'half']), kind, channels),
      () => {
        const others = this.values.filter((value) => value.kind === kind && value.channels === channels)
        this.add(this.op('Add', [others[this.below(others.length)]!.name, x]), kind, channels)
      },
      ...(kind === 'tokens' ? this.ofTokens(from) : this.ofPixels(from, sides)),
    ]
    steps[this.below(steps.length)]!()
  }

  ofTokens({ name: x, channels }: Drawn): (() => void)[] {
    return [
      () => {
        const out = 2 + this.below(5)
        this.add(this.op('MatMul', [x, this.weight([channels, out])]), 'tokens', out)
      },
      () => this.add(this.op('Transpose', [x], { perm: [0n, 2n, 1n] }), 'line', channels),
      () => {
        const turned = this.op('Transpose', [x], { perm: [0n, 2n, 1n] })
        this.add(this.op('Reshape', [turned, this.ints([0, channels, 4, -1])]), 'image', channels)
      },
      () => {
        const turned = this.op('Transpose', [x], { perm: [1n, 0n, 2n] })
        this.add(this.op('Transpose', [turned], { perm: [1n, 0n, 2n] }), 'tokens', channels)
      },
    ]
  }

  ofPixels(from: Drawn, sides: number): (() => void)[] {
    const { name: x, kind, channels } = from
    const all = (value: bigint): bigint[] => Array<bigint>(sides).fill(value)
    const conv = (): void => {
      const isDeep = this.below(3) === 0
      const out = isDeep ? channels : 2 + this.below(16)
      const size = 1 + 2 * this.below(2)
      const w = this.weight([out, isDeep ? 1 : channels, ...Array<number>(sides).fill(size)])
      const pads = all(BigInt((size - 1) / 2))
      const attributes = { pads: [...pads, ...pads], group: isDeep ? BigInt(channels) : 1n }
      this.add(this.op('Conv', [x, w, this.weight([out])], attributes), kind, out)
    }
    // Of 8 channels and more it may be made where it is joined.
    const join = (): void => {
      const others = this.values.filter((value) => value.kind === kind)
      const joined = [from, ...Array.from({ length: 1 + this.below(2) }, () => others[this.below(others.length)]!)]
      const sum = joined.reduce((count, one) => count + one.channels, 0)
      const names = joined.map(({ name }) => name)
      this.add(this.op('Concat', names, { axis: 1n }), kind, sum)
    }
    // Some parts go on, and some are joined again, in whatever order.
    const split = (): void => {
      if (channels < 2) return conv()
      const first = 1 + this.below(channels - 1)
      const sizes = [first, channels - first]
      const parts = this.ops('Split', [x, this.ints(sizes)], 2, { axis: [1n, BigInt(-1 - sides)][this.below(2)]! })
      if (this.below(2)) this.add(this.op('Concat', [...parts, x], { axis: 1n }), kind, 2 * channels)
      parts.forEach((part, i) => this.below(3) > 0 && this.add(part, kind, sizes[i]!))
    }
    // More pixels, and then as many as before.
    const there = (): string => {
      const ones = all(1n)
      if (this.below(2)) {
        const sideways = [0, 0, ...ones, 0, 0, ...ones].map(Number)
        return this.op('Pad', [x, this.ints(sideways)], { mode: ['constant', 'edge'][this.below(2)]! })
      }
      return this.op('ConvTranspose', [x, this.weight([channels, channels, ...Array<number>(sides).fill(3)])])
    }
    const andBack = (): void => {
      const axes = Array.from({ length: sides }, (_, i) => i - sides)
      const lists = [axes.map(() => 1), axes.map(() => -1), axes].map((list) => this.ints(list))
      this.add(this.op('Slice', [there(), ...lists]), kind, channels)
    }
    return [
      conv,
      conv,
      conv,
      join,
      join,
      split,
      andBack,
      () => {
        const width = 8 + this.below(6)
        const wide = this.weight([channels, width, ...Array<number>(sides).fill(2)])
        const twice = this.op('ConvTranspose', [x, wide, this.weight([width])], { strides: all(2n) })
        const axes = Array.from({ length: sides }, (_, i) => 2 + i)
        const lists = [axes.map(() => this.below(2)), axes.map(() => 2 ** 31), axes, axes.map(() => 2)]
        this.add(this.op('Slice', [twice, ...lists.map((list) => this.ints(list))]), kind, width)
      },
      () => {
        const attributes = { kernel_shape: all(3n), pads: [...all(1n), ...all(1n)] }
        this.add(this.op(['MaxPool', 'AveragePool'][this.below(2)]!, [x], attributes), kind, channels)
      },
      () => {
        const scale = this.weight([channels, ...Array<number>(sides).fill(1)])
        this.add(this.op(['Mul', 'Add', 'PRelu'][this.below(3)]!, [x, scale]), kind, channels)
      },
      () => {
        const gate = this.op(`Reduce${['Max', 'Mean', 'Sum'][this.below(3)]!}`, [x, sides === 2 ? 'sides' : 'two'])
        this.add(this.op('Mul', [x, this.op('Tanh', [gate])]), kind, channels)
      },
      () => this.add(this.op('Add', [x, this.op('ReduceMean', [x, 'one'])]), kind, channels),
      () => {
        const flat = kind === 'image' ? this.op('Reshape', [x, this.ints([0, channels, -1])]) : x
        this.add(this.op('Transpose', [flat], { perm: [0n, 2n, 1n] }), 'tokens', channels)
      },
      () => {
        const flat = this.op('Reshape', [x, this.ints([0, channels, -1])])
        this.add(flat, 'line', channels)
      },
    ]
  }

  source(dims: readonly (number | string)[]): ModelSource {
    const used = new Set(this.nodes.flatMap(({ inputs }) => inputs))
    const outputs = this.values.filter(({ name }) => !used.has(name) && name !== 'x').map(({ name }) => name)
    return {
      opsets: { '': 20 },
      inputs: { x: tensorType('float32', dims) },
      outputs: Object.fromEntries(outputs.map((name) => [name, undefined])),
      initializers: this.initializers,
      nodes: this.nodes,
    }
  }
}

/** A network of so many steps on pixels of 4 rows, which none of them changes, or on a line as long. */
function drawn(seed: number, steps: number): Network {
  const network = new Network(seed)
  network.add('x', seed % 2 ? 'image' : 'line', 3)
  for (let i = 0; i < steps; i++) network.grow()
  return network
}

/** Each is compiled twice; 100 were tried once. */
const NETWORKS = 8

describe.skipIf(!runtime)('networks of changing layouts', () => {
  it.each(Array.from({ length: NETWORKS }, (_, i) => i + 1))('%d', async (seed) => {
    const network = drawn(seed, 24)
    const isImage = seed % 2 === 1
    const open = await sessionsOf(runtime!, network.source(isImage ? ['n', 3, 4, 'w'] : ['n', 3, 'l']))
    const stated = await sessionsOf(runtime!, network.source(isImage ? [2, 3, 4, 6] : [2, 3, 24]))
    for (const [n, w] of [
      [2, 6],
      [1, 1],
      [3, 19],
    ] as const) {
      const feeds = { x: wave(isImage ? [n, 3, 4, w] : [n, 3, 4 * w], 0.13) }
      const theirs = await open.theirs(feeds)
      for (const ours of [open.ours(feeds), ...(n === 2 ? [stated.ours(feeds)] : [])])
        for (const [name, result] of Object.entries(ours))
          expect(apartOfLargest(result, theirs[name]!), `${name}, ${n}x${w}`).toBeLessThan(1e-4)
    }
  })
})

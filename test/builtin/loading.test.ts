import { describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorNumbers } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { Random } from './random/random.ts'
import { compileModel } from '../ops/harness.ts'

// Weights stay what they are in the file, each stored once, and become what kernels read when the model is loaded. The
// expected numbers are worked out here, in double precision.

const random = new Random(5)

function numbers(dims: readonly number[], next: () => number): number[] {
  return Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next)
}
const real = (scale: number) => (): number => (random.next() * 2 - 1) * scale
const whole = (low: number, high: number) => (): number => random.int(low, high)

/** What the library stores of a model's constants. */
function stored(source: ModelSource): { bytes: number; loads: boolean } {
  const model = decodeModel(modelBytes(source), { path: 'test.onnx' })
  const { weights, text } = builtinSource(model, { target: resolveTarget('host'), identity: 'test' })
  return { bytes: weights.bytes, loads: text.includes('OM_EXPORT(om_prepare)') }
}

function product(x: readonly number[], w: readonly number[], n: number): number[] {
  const depth = w.length / n
  return Array.from({ length: (x.length / depth) * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n]
    let sum = 0
    for (let k = 0; k < depth; k++) sum += x[row * depth + k]! * w[k * n + column]!
    return sum
  })
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  const largest = Math.max(...expected.map(Math.abs))
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)))
  expect(actual.length).toBe(expected.length)
  expect(difference / largest).toBeLessThan(2e-6)
}

const [K, N] = [224, 192]

/** y = x · W, where nodes make W from what is stored. */
function matmulOf(initializers: Record<string, Tensor>, nodes: readonly NodeSource[]): ModelSource {
  return {
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', ['rows', K]) },
    outputs: { y: tensorType('float32', ['rows', N]) },
    initializers,
    nodes: [...nodes, { op: 'MatMul', inputs: ['x', 'W'], outputs: ['y'] }],
  }
}

async function expectProduct(source: ModelSource, weights: readonly number[]): Promise<void> {
  const model = await compileModel(source)
  const x = Float32Array.from(numbers([3, K], real(1)))
  const { y } = model.runSync({ x: { data: x, dims: [3, K] } })
  expectClose(y!.data as Float32Array, product([...x], weights, N))
}

describe('weights stay what they are in the file', () => {
  test.each<[ElementType, number]>([
    ['float16', 2],
    ['bfloat16', 2],
    ['float8e4m3fn', 1],
    ['float8e5m2', 1],
    ['float4e2m1', 0.5],
  ])('%s, cast', async (type, bytes) => {
    const w = tensorFrom(type, [K, N], numbers([K, N], real(2)))
    const source = matmulOf({ w }, [{ op: 'Cast', inputs: ['w'], outputs: ['W'], attributes: { to: 1n } }])
    expect(stored(source)).toEqual({ bytes: K * N * bytes, loads: true })
    await expectProduct(source, tensorNumbers(w))
  })

  test.each<[ElementType, number, number, number]>([
    ['int8', -128, 127, 1],
    ['uint8', 0, 255, 1],
    ['int4', -8, 7, 0.5],
    ['uint4', 0, 15, 0.5],
    ['int2', -2, 1, 0.25],
  ])('%s, one scale and zero point per column', async (type, low, high, bytes) => {
    const w = tensorFrom(type, [K, N], numbers([K, N], whole(low, high)))
    const scale = tensorFrom('float32', [N], numbers([N], real(0.1)))
    const zero = tensorFrom(type, [N], numbers([N], whole(low, high)))
    const nodes = [{ op: 'DequantizeLinear', inputs: ['w', 'scale', 'zero'], outputs: ['W'] }]
    const source = matmulOf({ w, scale, zero }, nodes)
    expect(stored(source).bytes).toBeLessThan(K * N * bytes + 3 * 4 * N)
    const [scales, zeros] = [tensorNumbers(scale), tensorNumbers(zero)]
    await expectProduct(
      source,
      tensorNumbers(w).map((value, i) => (value - zeros[i % N]!) * scales[i % N]!),
    )
  })

  test('uint4 in blocks along the depth', async () => {
    const block = 32
    const w = tensorFrom('uint4', [K, N], numbers([K, N], whole(0, 15)))
    const scale = tensorFrom('float32', [K / block, N], numbers([K / block, N], real(0.1)))
    const zero = tensorFrom('uint4', [K / block, N], numbers([K / block, N], whole(0, 15)))
    const attributes = { axis: 0n, block_size: BigInt(block) }
    const nodes = [{ op: 'DequantizeLinear', inputs: ['w', 'scale', 'zero'], outputs: ['W'], attributes }]
    const source = matmulOf({ w, scale, zero }, nodes)
    expect(stored(source).bytes).toBeLessThan((K * N) / 2 + (K / block) * N * 5 + 8 * K + 256)
    const [scales, zeros] = [tensorNumbers(scale), tensorNumbers(zero)]
    const at = (i: number): number => Math.floor(i / N / block) * N + (i % N)
    await expectProduct(
      source,
      tensorNumbers(w).map((value, i) => (value - zeros[at(i)]!) * scales[at(i)]!),
    )
  })

  test('weights that are reshaped, turned and scaled on the way', async () => {
    const w = tensorFrom('float16', [N, K / 2, 2], numbers([N, K], real(1)))
    const factor = tensorFrom('float32', [N], numbers([N], real(1)))
    const shape = tensorFrom('int64', [2], [N, K])
    const source = matmulOf({ w, factor, shape }, [
      { op: 'Reshape', inputs: ['w', 'shape'], outputs: ['flat'] },
      { op: 'Cast', inputs: ['flat'], outputs: ['wide'], attributes: { to: 1n } },
      { op: 'Transpose', inputs: ['wide'], outputs: ['turned'], attributes: { perm: [1n, 0n] } },
      { op: 'Mul', inputs: ['turned', 'factor'], outputs: ['W'] },
    ])
    expect(stored(source).bytes).toBeLessThan(K * N * 2 + 4 * N + 64)
    const [values, factors] = [tensorNumbers(w), tensorNumbers(factor)]
    await expectProduct(
      source,
      Array.from({ length: K * N }, (_, i) => values[(i % N) * K + Math.floor(i / N)]! * factors[i % N]!),
    )
  })

  test.each([1, 4, 24])('float16 filters of a convolution in %i groups', async (group) => {
    const [channels, size, kernel] = [24, 9, 3]
    const dims = [channels * 16, channels / group, kernel, kernel]
    const outChannels = group === channels ? channels : dims[0]!
    const w = tensorFrom('float16', [outChannels, ...dims.slice(1)], numbers([outChannels, ...dims.slice(1)], real(1)))
    const source: ModelSource = {
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', [1, channels, size, size]) },
      outputs: { y: tensorType('float32', [1, outChannels, size - 2, size - 2]) },
      // A second one, so that also a small depthwise convolution is worth it.
      initializers: { w, much: tensorFrom('float16', [K, N], numbers([K, N], real(1))) },
      nodes: [
        { op: 'Cast', inputs: ['w'], outputs: ['W'], attributes: { to: 1n } },
        { op: 'Conv', inputs: ['x', 'W'], outputs: ['y'], attributes: { group: BigInt(group) } },
      ],
    }
    const model = await compileModel(source)
    const x = numbers([channels, size, size], real(1)).map(Math.fround)
    const { y } = model.runSync({ x: Float32Array.from(x) })
    const values = tensorNumbers(w)
    const [perGroup, outPerGroup] = [channels / group, outChannels / group]
    const expected = Array.from({ length: outChannels * 49 }, (_, i) => {
      const [o, oy, ox] = [Math.floor(i / 49), Math.floor(i / 7) % 7, i % 7]
      let sum = 0
      for (let c = 0; c < perGroup; c++)
        for (let tap = 0; tap < 9; tap++) {
          const plane = Math.floor(o / outPerGroup) * perGroup + c
          const at = (oy + Math.floor(tap / 3)) * size + ox + (tap % 3)
          sum += x[plane * size * size + at]! * values[(o * perGroup + c) * 9 + tap]!
        }
      return sum
    })
    expectClose(y!.data as Float32Array, expected)
  })

  test('a recurrent cell of float16', async () => {
    const [input, hidden] = [64, 80]
    const one = (dims: readonly number[]): Tensor => tensorFrom('float16', dims, numbers(dims, real(0.2)))
    const [w, r] = [one([1, 4 * hidden, input]), one([1, 4 * hidden, hidden])]
    const cell = (type: ElementType, cast: readonly NodeSource[], init: Record<string, Tensor>): ModelSource => ({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', [5, 1, input]) },
      outputs: { y: tensorType('float32', [5, 1, 1, hidden]) },
      initializers: init,
      nodes: [
        ...cast,
        { op: 'LSTM', inputs: ['x', 'W', 'R'], outputs: ['y'], attributes: { hidden_size: BigInt(hidden) } },
      ],
    })
    const to = { to: 1n }
    const narrow = cell(
      'float16',
      [
        { op: 'Cast', inputs: ['w'], outputs: ['W'], attributes: to },
        { op: 'Cast', inputs: ['r'], outputs: ['R'], attributes: to },
      ],
      { w, r },
    )
    const wide = (tensor: Tensor): Tensor => tensorFrom('float32', tensor.dims, tensorNumbers(tensor))
    const plain = cell('float32', [], { W: wide(w), R: wide(r) })
    expect(stored(narrow)).toEqual({ bytes: 2 * 4 * hidden * (input + hidden), loads: true })
    const x = Float32Array.from(numbers([5, input], real(1)))
    const [a, b] = await Promise.all([narrow, plain].map(async (source) => (await compileModel(source)).runSync({ x })))
    expect([...(a!['y']!.data as Float32Array)]).toEqual([...(b!['y']!.data as Float32Array)])
  })
})

describe('weights are stored once', () => {
  test('that are read as they are, and packed', async () => {
    const [words, size] = [700, 64]
    const table = tensorFrom('float32', [words, size], numbers([words, size], real(1)))
    const source: ModelSource = {
      opsets: { '': 21 },
      inputs: { word: tensorType('int64', ['n']) },
      outputs: { y: tensorType('float32', ['n', words]) },
      initializers: { table },
      nodes: [
        { op: 'Gather', inputs: ['table', 'word'], outputs: ['x'] },
        { op: 'Transpose', inputs: ['table'], outputs: ['W'], attributes: { perm: [1n, 0n] } },
        { op: 'MatMul', inputs: ['x', 'W'], outputs: ['y'] },
      ],
    }
    expect(stored(source)).toEqual({ bytes: 4 * words * size, loads: true })
    const { y } = (await compileModel(source)).runSync({ word: { data: BigInt64Array.of(7n, 600n), dims: [2] } })
    const rows = tensorNumbers(table)
    const expected = [7, 600].flatMap((word) =>
      Array.from({ length: words }, (_, other) => {
        let sum = 0
        for (let k = 0; k < size; k++) sum += rows[word * size + k]! * rows[other * size + k]!
        return sum
      }),
    )
    expectClose(y!.data as Float32Array, expected)
  })

  test('whose transforms take four times the room', () => {
    const dims = [64, 64, 3, 3]
    const source: ModelSource = {
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', [1, 64, 32, 32]) },
      outputs: { y: tensorType('float32', [1, 64, 32, 32]) },
      initializers: { w: tensorFrom('float32', dims, numbers(dims, real(1))) },
      nodes: [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { pads: [1n, 1n, 1n, 1n] } }],
    }
    expect(stored(source)).toEqual({ bytes: 4 * 64 * 64 * 9, loads: true })
  })

  test('and where little is to be saved, nothing is made when loading', () => {
    const w = tensorFrom('float16', [64, 64], numbers([64, 64], real(1)))
    const source: ModelSource = {
      ...matmulOf({ w }, [{ op: 'Cast', inputs: ['w'], outputs: ['W'], attributes: { to: 1n } }]),
      inputs: { x: tensorType('float32', ['rows', 64]) },
      outputs: { y: tensorType('float32', ['rows', 64]) },
    }
    expect(stored(source)).toEqual({ bytes: 4 * 64 * 64, loads: false })
  })
})

test('runs that begin at the same time agree', async () => {
  const w = tensorFrom('float16', [K, N], numbers([K, N], real(1)))
  const source = matmulOf({ w }, [{ op: 'Cast', inputs: ['w'], outputs: ['W'], attributes: { to: 1n } }])
  const model = await compileModel(source)
  const x = { data: Float32Array.from(numbers([2, K], real(1))), dims: [2, K] }
  const results = await Promise.all(Array.from({ length: 8 }, () => model.run({ x })))
  const expected = product([...x.data], tensorNumbers(w), N)
  for (const { y } of results) expectClose(y!.data as Float32Array, expected)
})

import { expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { CompileError } from '../../src/errors/index.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Model, Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createReport } from '../../src/report/report.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { branch, f32, node } from '../graph/models.ts'

// Every pass should take time in proportion to the model. What takes four times as many nodes is allowed eight times the
// time; a pass that looks at all nodes for each node takes sixteen times.

const NODES = 1200

type Source = Pick<ModelSource, 'outputs' | 'nodes'> & Partial<ModelSource>

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const named = <T>(count: number, prefix: string, make: (i: number) => T): Record<string, T> =>
  Object.fromEntries(times(count, (i) => [prefix + i, make(i)]))
const ones = (...dims: number[]): Tensor =>
  tensorFrom('float32', dims, Array(dims.reduce((count, dim) => count * dim, 1)).fill(1))

/** v0 → v1 → … → v`count`, `step` nodes each. */
function chain(
  count: number,
  input: ReturnType<typeof f32>,
  step: (from: string, to: string, i: number) => NodeSource[],
): Source {
  return {
    inputs: { v0: input },
    outputs: { [`v${count}`]: undefined },
    nodes: times(count, (i) => step(`v${i}`, `v${i + 1}`, i)).flat(),
  }
}

/** `count` nodes, and one that takes the results of all. */
function fan(count: number, one: (to: string) => NodeSource, all: (from: string[]) => NodeSource): Source {
  const names = times(count, (i) => `v${i}`)
  return { inputs: { x: f32('n', 8) }, outputs: { y: undefined }, nodes: [...names.map(one), all(names)] }
}

const shapes: Record<string, (count: number) => Source> = {
  'elementwise chain': (n) =>
    chain(n, f32(1, 8), (x, y, i) => [node(['Neg', 'Abs', 'Relu', 'Sqrt'][i % 4]!, [x], [y])]),
  'chain of what is not fused': (n) => chain(n, f32('n', 8), (x, y) => [node('Softmax', [x], [y])]),
  'residual blocks': (n) => ({
    ...chain(n / 3, f32(1, 4, 6, 6), (x, y) => [
      node('Conv', [x, 'w'], [`${y}c`], { pads: [1n, 1n, 1n, 1n] }),
      node('Relu', [`${y}c`], [`${y}r`]),
      node('Add', [`${y}r`, x], [y]),
    ]),
    initializers: { w: ones(4, 4, 3, 3) },
  }),
  'chain of views': (n) => ({
    ...chain(n, f32('n', 8), (x, y, i) => [node('Reshape', [x, i % 2 ? 'wide' : 'narrow'], [y])]),
    initializers: { wide: tensorFrom('int64', [2], [-1, 8]), narrow: tensorFrom('int64', [2], [-1, 4]) },
  }),
  'fan out and Concat': (n) =>
    fan(
      n,
      (y) => node('Softmax', ['x'], [y]),
      (all) => node('Concat', all, ['y'], { axis: 0n }),
    ),
  'fan out and Sum': (n) =>
    fan(
      n,
      (y) => node('Softmax', ['x'], [y]),
      (all) => node('Sum', all, ['y']),
    ),
  'many outputs': (n) => ({
    inputs: { x: f32('n', 8) },
    outputs: named(n, 'y', () => undefined),
    nodes: times(n, (i) => node('Softmax', ['x'], [`y${i}`])),
  }),
  'many initializers': (n) => ({
    inputs: { x: f32(1, 8) },
    outputs: { y: undefined },
    initializers: named(n, 'w', () => ones(1, 8)),
    nodes: [node('Concat', ['x', ...times(n, (i) => `w${i}`)], ['y'], { axis: 0n })],
  }),
  'many parts': (n) => ({
    inputs: { x: f32(n, 8) },
    outputs: { y: undefined },
    nodes: [
      node(
        'Split',
        ['x'],
        times(n, (i) => `p${i}`),
        { axis: 0n },
      ),
      node(
        'Concat',
        times(n, (i) => `p${n - 1 - i}`),
        ['y'],
        { axis: 0n },
      ),
    ],
  }),
  'many parts of sizes that only the run knows': (n) => ({
    inputs: { x: f32('n', 8), sizes: tensorType('int64', [n / 4]) },
    outputs: { y: undefined },
    nodes: [
      node(
        'Split',
        ['x', 'sizes'],
        times(n / 4, (i) => `p${i}`),
        { axis: 0n },
      ),
      node(
        'Concat',
        times(n / 4, (i) => `p${n / 4 - 1 - i}`),
        ['y'],
        { axis: 0n },
      ),
    ],
  }),
  'many symbols': (n) => ({
    inputs: named(n, 'x', (i) => f32(`n${i}`, 8)),
    outputs: { y: undefined },
    nodes: [
      node(
        'Concat',
        times(n, (i) => `x${i}`),
        ['y'],
        { axis: 0n },
      ),
    ],
  }),
  'sizes that add up': (n) => ({
    ...chain(n / 4, f32('n', 8), (x, y, i) => [node('Concat', [x, `x${i}`], [y], { axis: 0n })]),
    inputs: { v0: f32('n', 8), ...named(n / 4, 'x', (i) => f32(`n${i}`, 8)) },
  }),
  'sizes that are cut': (n) => ({
    ...chain(n / 4, f32('n', 8), (x, y) => [node('Slice', [x, 'one', 'end', 'zero'], [y])]),
    initializers: {
      one: tensorFrom('int64', [1], [1]),
      zero: tensorFrom('int64', [1], [0]),
      end: tensorFrom('int64', [1], [2n ** 63n - 1n]),
    },
  }),
  'sizes known in the run': (n) =>
    fan(
      n,
      (y) => node('NonZero', ['x'], [y]),
      (all) => node('Concat', all, ['y'], { axis: 1n }),
    ),
  'shape arithmetic': (n) => ({
    ...chain(n / 6, f32('a', 'b'), (x, y) => [
      node('Shape', [x], [`${y}s`]),
      node('Gather', [`${y}s`, 'zero'], [`${y}a`]),
      node('Gather', [`${y}s`, 'one'], [`${y}b`]),
      node('Concat', [`${y}b`, `${y}a`], [`${y}t`], { axis: 0n }),
      node('Reshape', [x, `${y}t`], [`${y}r`]),
      node('Softmax', [`${y}r`], [y]),
    ]),
    initializers: { zero: tensorFrom('int64', [1], [0]), one: tensorFrom('int64', [1], [1]) },
  }),
  branches: (n) => ({
    ...chain(n / 3, f32(8), (x, y) => [
      node('If', ['c'], [y], {
        then_branch: branch('t', node('Neg', [x], ['t'])),
        else_branch: branch('t', node('Abs', [x], ['t'])),
      }),
    ]),
    inputs: { v0: f32(8), c: tensorType('bool', []) },
  }),
}

const target = resolveTarget('x86-64-v3')

/** Seconds of processor time, as other programs run here, too. */
function seconds(model: Model): number {
  const start = process.cpuUsage()
  builtinSource(model, { target, identity: 'test' })
  createReport(model, 'z16', {})
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

test.each(Object.entries(shapes))('%s: C and report take time in proportion', { timeout: 120_000 }, (_name, make) => {
  const models = [NODES, 4 * NODES].map((count) => decodeModel(modelBytes({ opsets: { '': 21 }, ...make(count) })))
  const measure = (): [number, number] => models.map(seconds) as [number, number]
  const isFine = ([few, many]: [number, number]): boolean => many < 8 * few + 0.2 && few < 2
  const first = measure()
  const [few, many] = isFine(first) ? first : measure()
  expect(many, `${few} s for a quarter of the nodes`).toBeLessThan(8 * few + 0.2)
  expect(few).toBeLessThan(2)
})

test('a formula that no longer helps is refused where the operator can not leave it to the run', () => {
  const inputs = named(2000, 'x', (i) => f32(`n${i}`, 8))
  const nodes = times(1999, (i) => node('Add', [i === 0 ? 'x0' : `v${i}`, `x${i + 1}`], [`v${i + 1}`]))
  const model = decodeModel(modelBytes({ opsets: { '': 21 }, inputs, outputs: { v1999: undefined }, nodes }))
  expect(() => builtinSource(model, { target, identity: 'test' })).toThrow(CompileError)
  expect(() => builtinSource(model, { target, identity: 'test' })).toThrow(/too long a formula of \d+ symbols/)
})

test('the rank of a shape that is computed is bounded as that of a tensor in the file', () => {
  const model = decodeModel(
    modelBytes({
      opsets: { '': 21 },
      inputs: { x: f32(2), s: tensorType('int64', [1005]) },
      outputs: { y: undefined },
      nodes: [node('Expand', ['x', 's'], ['y'])],
    }),
  )
  expect(() => builtinSource(model, { target, identity: 'test' })).toThrow(/rank 1005 is impossible: from 0 to 64/)
})

import { describe, expect, it } from 'vitest'
import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Model } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { createReport } from '../../src/report/report.ts'
import { filled } from './build.ts'

/** So many nodes that what goes through all of them for each, or calls itself for each, doesn't get through. */
const length = 20_000

/** A chain of nodes over a 4×4 matrix, which each take what came before. */
function chain(node: (i: number) => Omit<NodeSource, 'outputs'>): Model {
  const nodes = Array.from({ length }, (_, i) => {
    const { op, inputs = [], attributes = {} } = node(i)
    return { op, name: `n${i}`, inputs: [i === 0 ? 'x' : `v${i - 1}`, ...inputs], outputs: [`v${i}`], attributes }
  })
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [4, 4]) },
    outputs: { [`v${length - 1}`]: undefined },
    initializers: { w: filled([4, 4]), c: filled([4, 1]) },
    nodes,
  })
  return decodeModel(bytes, { path: 'long.onnx' })
}

describe('a model of 20,000 nodes', () => {
  it('of products of transposed matrices, and sums that are no bias, has its report', { timeout: 30_000 }, () => {
    const ops = [
      { op: 'Transpose', attributes: { perm: [1n, 0n] } },
      { op: 'MatMul', inputs: ['w'] },
      { op: 'Max', inputs: ['c'] },
      { op: 'Add', inputs: ['x'] },
    ]
    const { summary } = createReport(
      chain((i) => ops[i % 4]!),
      'z17',
    )
    expect(summary.nnpa + summary.cpu + summary.folded).toBe(length)
    expect(summary.flopsShare).toBeGreaterThan(0.5)
  })

  it.each([
    ['light operators', 'Relu', []],
    ['operators that keep a layout', 'Tanh', []],
    ['operators that move data', 'Transpose', []],
  ])('of %s has its report', { timeout: 30_000 }, (_, op, inputs) => {
    const { summary } = createReport(
      chain(() => ({ op, inputs })),
      'z17',
    )
    expect(summary.nnpa + summary.cpu + summary.folded).toBe(length)
  })
})

describe('a model of 20,000 nodes that could become one', () => {
  it('stays in pieces, and names some of each for each', { timeout: 30_000 }, () => {
    const { nodes } = createReport(
      chain(() => ({ op: 'Add', inputs: ['c'] })),
      'z16',
    )
    expect(nodes).toHaveLength(length)
    for (const { with: others } of nodes) expect(others.length).toBeLessThanOrEqual(32)
  })
})

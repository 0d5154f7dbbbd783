import { describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { compileModel } from '../ops/harness.ts'
import { branch, f32, graphOf, node, ops } from './models.ts'

// What a file states of values that its nodes compute, and nodes that no output depends on.

const source: ModelSource = {
  opsets: { '': 17 },
  inputs: { x: f32('n', 3) },
  outputs: { y: f32('n', 3) },
  nodes: [{ ...node('Relu', ['x'], ['m']), name: 'between' }, node('Neg', ['m'], ['y'])],
}

describe('stated types and shapes', () => {
  test('a type that is not the computed one is an error that names both, of outputs, values between, and in subgraphs', () => {
    const wrong = /stated to be int64, but node "between" \(Relu\) makes it float32/
    expect(() => graphOf({ ...source, valueInfo: { m: tensorType('int64', ['n', 3]) } })).toThrow(wrong)
    const alone = { ...source, nodes: [{ ...node('Relu', ['x'], ['y']), name: 'between' }] }
    expect(() => graphOf({ ...alone, outputs: { y: tensorType('int64', ['n', 3]) } })).toThrow(wrong)
    const inner = branch('t', { ...node('Relu', ['x'], ['t']), name: 'between' })
    const outer: ModelSource = {
      ...source,
      inputs: { ...source.inputs, c: tensorType('bool', []) },
      nodes: [
        node('If', ['c'], ['y'], {
          then_branch: { ...inner, outputs: { t: tensorType('int64', ['n', 3]) } },
          else_branch: inner,
        }),
      ],
    }
    expect(() => graphOf(outer)).toThrow(wrong)
  })

  test('a shape that is not the computed one is passed over, and said of an output', () => {
    const target = resolveTarget('x86-64-v3')
    const notes = (changes: Partial<ModelSource>): readonly string[] =>
      builtinSource(decodeModel(modelBytes({ ...source, ...changes })), { target, identity: 'test' }).notes
    expect(notes({ valueInfo: { m: f32('n', 4) } })).toEqual([])
    expect(notes({ valueInfo: { m: f32(1, 3, 1) } })).toEqual([])
    expect(notes({ outputs: { y: f32(1, 3) } })).toEqual([])
    expect(notes({ outputs: { y: f32('batch', 4) } })).toEqual([
      'The file states that output "y" is [batch, 4], but its nodes give [n, 3], which holds.',
    ])
    expect(notes({ outputs: { y: f32('n', 3, 1) } })).toHaveLength(1)
  })

  test('a stated rank decides how long a list is that only the run knows, which the run checks', async () => {
    const model: ModelSource = {
      opsets: { '': 17 },
      inputs: { x: f32('n', 3), from: tensorType('int64', [1]) },
      outputs: { y: undefined },
      initializers: { all: tensorFrom('int64', [3], [3, -1, 1]), end: tensorFrom('int64', [1], [9]) },
      nodes: [
        node('Slice', ['all', 'from', 'end'], ['shape']),
        node('Reshape', ['x', 'shape'], ['r']),
        node('Neg', ['r'], ['y']),
      ],
    }
    const stated = { ...model, valueInfo: { r: f32('p', 'q') } }
    expect(ops(graphOf(stated))).not.toContain('If')
    const compiled = await compileModel(stated)
    const run = (from: number) =>
      compiled.runSync({
        x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [2, 3] },
        from: { data: BigInt64Array.of(BigInt(from)), dims: [1] },
      })['y']
    expect(run(1)).toMatchObject({ dims: [6, 1] })
    for (const from of [0, 2, 3]) expect(() => run(from), `${from}`).toThrow(/states the rank of "r".*expected 2/)
  })
})

describe('nodes that no output depends on', () => {
  const dead = (...nodes: ModelSource['nodes']): ModelSource => ({ ...source, nodes: [...nodes, ...source.nodes] })

  test('are not compiled, teach nothing and are not checked', async () => {
    const model = dead(
      { ...node('MatMul', ['x', 'x'], ['square']), name: 'asks for n = 3' },
      node('Reshape', ['square', 'nine'], ['flat']),
      node('Nonsense', ['flat', 'x'], ['a', 'b']),
    )
    const compiled = await compileModel({ ...model, initializers: { nine: tensorFrom('int64', [1], [9]) } })
    const { y } = compiled.runSync({ x: { data: Float32Array.of(1, -2, 3, 4, 5, -6), dims: [2, 3] } })
    expect(y!.data).toEqual(Float32Array.of(-1, -0, -3, -4, -5, -0))
  })

  test('inside branches, loops and functions as well', () => {
    const graph = graphOf({
      ...source,
      inputs: { ...source.inputs, c: tensorType('bool', []) },
      nodes: [
        node('If', ['c'], ['y'], {
          then_branch: branch('t', node('Nonsense', ['x'], ['unused']), node('Neg', ['x'], ['t'])),
          else_branch: branch('t', node('Abs', ['x'], ['t'])),
        }),
      ],
    })
    expect(ops(graph)).toEqual(['If'])
  })

  test('and what an inner graph alone uses is used', () => {
    const graph = graphOf({
      ...source,
      inputs: { ...source.inputs, c: tensorType('bool', []) },
      nodes: [
        node('Exp', ['x'], ['e']),
        node('If', ['c'], ['y'], {
          then_branch: branch('t', node('Neg', ['e'], ['t'])),
          else_branch: branch('t', node('Abs', ['x'], ['t'])),
        }),
      ],
    })
    expect(ops(graph)).toEqual(['Exp', 'If'])
  })
})

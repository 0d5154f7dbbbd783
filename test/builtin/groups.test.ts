import { describe, expect, test } from 'vitest'
import { type Group, groupNodes } from '../../src/builtin/groups.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { countUses } from '../../src/graph/uses.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { branch, f32, graphOf, node } from '../graph/models.ts'
import { randomModel } from './random/model.ts'

const groupsOf = (graph: Graph): Group[] => groupNodes(graph, countUses(graph))
const names = (groups: readonly Group[]): string[][] => groups.map(({ nodes }) => nodes.map(({ op }) => op))

describe('groups', () => {
  test('a chain of elementwise nodes is one group, also where chains meet', () => {
    const graph = graphOf({
      inputs: { a: f32('n', 4), b: f32('n', 4) },
      outputs: { y: undefined },
      nodes: [
        node('Exp', ['a'], ['e']),
        node('Neg', ['b'], ['m']),
        node('Abs', ['m'], ['s']),
        node('Add', ['e', 's'], ['t']),
        node('Tanh', ['t'], ['y']),
      ],
    })
    expect(names(groupsOf(graph))).toEqual([['Exp', 'Neg', 'Abs', 'Add', 'Tanh']])
  })

  test('what is used twice, given out, seen by a branch, or of another shape stays a value of its own', () => {
    const inputs = { a: f32('n', 4), row: f32(4), c: { kind: 'tensor', type: 'bool', shape: [] } } as const
    const twice = graphOf({
      inputs,
      outputs: { y: undefined },
      nodes: [
        node('Exp', ['a'], ['e']),
        node('Neg', ['e'], ['p']),
        node('Abs', ['e'], ['q']),
        node('Add', ['p', 'q'], ['y']),
      ],
    })
    expect(names(groupsOf(twice))).toEqual([['Exp'], ['Neg', 'Abs', 'Add']])
    const given = graphOf({
      inputs,
      outputs: { e: undefined, y: undefined },
      nodes: [node('Exp', ['a'], ['e']), node('Neg', ['e'], ['y'])],
    })
    expect(names(groupsOf(given))).toEqual([['Exp'], ['Neg']])
    const seen = graphOf({
      inputs,
      outputs: { y: undefined },
      nodes: [
        node('Exp', ['a'], ['e']),
        node('If', ['c'], ['y'], { then_branch: branch('t', node('Neg', ['e'], ['t'])), else_branch: branch('a') }),
      ],
    })
    expect(names(groupsOf(seen))).toEqual([['Exp'], ['If']])
    const smaller = graphOf({
      inputs,
      outputs: { y: undefined },
      nodes: [node('Exp', ['row'], ['e']), node('Add', ['a', 'e'], ['y'])],
    })
    expect(names(groupsOf(smaller))).toEqual([['Exp'], ['Add']])
  })

  test('an operand that is used by both inputs of a node is read once and fuses', () => {
    const graph = graphOf({
      inputs: { a: f32(4) },
      outputs: { y: undefined },
      nodes: [node('Exp', ['a'], ['e']), node('Mul', ['e', 'e'], ['y'])],
    })
    expect(names(groupsOf(graph))).toEqual([['Exp', 'Mul']])
  })

  test('a product takes the addition and the activation behind it, and not a second activation', () => {
    const graph = graphOf({
      inputs: { a: f32('n', 4), r: f32('n', 8) },
      outputs: { y: undefined },
      initializers: {
        w: tensorFrom(
          'float32',
          [4, 8],
          Array.from({ length: 32 }, (_, i) => i),
        ),
      },
      nodes: [
        node('MatMul', ['a', 'w'], ['m']),
        node('Add', ['m', 'r'], ['s']),
        node('Relu', ['s'], ['t']),
        node('Sigmoid', ['t'], ['y']),
      ],
    })
    const [first, ...others] = names(groupsOf(graph))
    expect(first).toEqual(['MatMul', 'Add', 'Relu'])
    expect(others).toEqual([['Sigmoid']])
  })

  test('very long chains are cut', () => {
    const nodes = Array.from({ length: 100 }, (_, i) => node('Tanh', [`v${i}`], [`v${i + 1}`]))
    const groups = groupsOf(graphOf({ inputs: { v0: f32(4) }, outputs: { v100: undefined }, nodes }))
    expect(groups.length).toBeGreaterThan(3)
    expect(Math.max(...groups.map((group) => group.nodes.length))).toBeLessThanOrEqual(24)
  })

  test('every node is in one group, and groups are in an order in which every value is made before it is used', () => {
    for (let seed = 100; seed < 160; seed++) {
      const graph = graphOf({ ...randomModel([seed]).source, opsets: { '': 17 } })
      const groups = groupsOf(graph)
      expect(
        groups
          .flatMap(({ nodes }) => nodes)
          .toSorted((a, b) => a.origin - b.origin || graph.nodes.indexOf(a) - graph.nodes.indexOf(b)),
      ).toEqual(graph.nodes.toSorted((a, b) => a.origin - b.origin || graph.nodes.indexOf(a) - graph.nodes.indexOf(b)))
      const made = new Set(graph.inputs)
      for (const { nodes, outputs } of groups) {
        const inner = new Set(nodes.flatMap((one) => one.outputs))
        for (const input of nodes.flatMap(({ inputs }) => inputs)) {
          if (input && !input.constant && !inner.has(input))
            expect(made.has(input), `${input.name} of seed ${seed}`).toBe(true)
        }
        for (const output of outputs) made.add(output)
      }
      for (const output of graph.outputs) if (!output.constant) expect(made.has(output)).toBe(true)
    }
  })
})

import { describe, expect, test } from 'vitest'
import { kernelShapes } from '../../src/lowering/kernel-shape.ts'
import { KernelTable } from '../../src/builtin/kernel-table.ts'
import { lowerGraph, type LoweredGraphs } from '../../src/builtin/lower.ts'
import { ALIGNMENT, bytesOf, type Plan, planGraph, roundUp } from '../../src/builtin/plan.ts'
import type { Graph, Value } from '../../src/graph/graph.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { operatorOf } from '../../src/ops/index.ts'
import { branch, f32, graphOf, node } from '../graph/models.ts'
import { randomModel } from './random/model.ts'
import { Random } from './random/random.ts'

function planOf(graph: Graph): { lowered: LoweredGraphs; plan: Plan } {
  const lowered = lowerGraph(graph, new KernelTable(kernelShapes.avx2))
  return { lowered, plan: planGraph(graph, lowered) }
}

/** The value whose memory `value` is, by what operators say of themselves. */
function rootOf(value: Value): Value {
  const alias = value.producer && operatorOf(value.producer).alias
  return alias === undefined ? value : rootOf(value.producer!.input(alias))
}

/** A place in memory as [kind and slot, first byte, end]; `undefined` for what nobody writes to. */
function placeOf(plan: Plan, value: Value): [string, number, number] | undefined {
  const storage = plan.storage.get(value)
  if (storage?.kind === 'slot') return [`slot ${storage.slot}`, 0, 1]
  if (storage?.kind === 'slice') {
    const [where, begin] = placeOf(plan, storage.whole)!
    return [where, begin + storage.bytes, begin + storage.bytes + Number(bytesOf(value))]
  }
  if (storage?.kind === 'output') return [`output ${storage.index}`, 0, 1]
  if (storage?.kind !== 'arena') return undefined
  return ['arena', storage.offset, storage.offset + Number(bytesOf(value))]
}

/**
 * Runs a graph without control flow on paper: every group writes its outputs and scratch, and what it reads, then and
 * later, must not have been overwritten. Gives the most bytes of the arena that were alive at once.
 */
function checkPlan(graph: Graph, { lowered, plan }: ReturnType<typeof planOf>): number {
  const groups = lowered.get(graph)!
  const lastUse = new Map<Value, number>()
  groups.forEach((group, i) => {
    const made = new Set(group.nodes.flatMap(({ outputs }) => outputs))
    for (const used of group.nodes.flatMap(({ inputs }) => inputs))
      if (used && !made.has(used)) lastUse.set(rootOf(used), i)
  })
  for (const output of graph.outputs) lastUse.set(rootOf(output), groups.length)
  const alive = new Map<object, [string, number, number]>()
  let most = 0
  groups.forEach((group, i) => {
    const written: [object, [string, number, number]][] = []
    if (group.call) {
      for (const output of group.outputs) {
        const place = placeOf(plan, output)
        expect(place, `${output.name} has a place`).toBeDefined()
        written.push([output, place!])
      }
      for (const scratch of group.call.scratch) {
        const storage = plan.storage.get(scratch)
        if (storage?.kind === 'arena')
          written.push([scratch, ['arena', storage.offset, storage.offset + Number(scratch.bytes)]])
      }
    }
    for (const [tenant, place] of written) {
      for (const [other, [kind, begin, end]] of alive) {
        const apart = kind !== place[0] || place[2] <= begin || end <= place[1]
        expect(
          apart || place[1] === place[2],
          `${(tenant as Value).name} does not overwrite ${(other as Value).name}`,
        ).toBe(true)
      }
      alive.set(tenant, place)
    }
    most = Math.max(
      most,
      [...alive.values()].reduce((sum, [kind, begin, end]) => sum + (kind === 'arena' ? roundUp(end - begin) : 0), 0),
    )
    for (const tenant of alive.keys()) {
      if (!graph.outputs.some((output) => rootOf(output) === tenant) && (lastUse.get(tenant as Value) ?? -1) <= i)
        alive.delete(tenant)
    }
  })
  return most
}

/** A random graph without control flow whose dimensions are all numbers or all symbols. */
function randomPlain(seed: number, symbolic: boolean): Graph {
  const random = new Random(seed)
  const names = ['a', 'b']
  const nodes = []
  for (let i = 0; i < 40; i++) {
    const [x, y] = [random.pick(names.slice(-8)), random.pick(names)]
    const out = `v${i}`
    nodes.push(
      random.pick([
        node('Softmax', [x], [out]),
        node('Reshape', [x, 'same'], [out]),
        node('Add', [x, y], [out]),
        node('Relu', [x], [out]),
        node('Transpose', [x], [out], { perm: [1n, 0n] }),
      ]),
    )
    names.push(out)
  }
  const shape = symbolic ? ['n', 'n'] : [8, 8]
  const outputs = ['v39', 'v38', random.pick(names), random.pick(names)]
  return graphOf({
    inputs: { a: f32(...shape), b: f32(...shape) },
    outputs: Object.fromEntries([...new Set(outputs)].map((name) => [name, undefined])),
    initializers: { same: tensorFrom('int64', [2], [0, 0]) },
    nodes,
  })
}

describe('memory plan', () => {
  test.each([false, true])('no two values that are alive share memory (symbolic: %s)', (symbolic) => {
    for (let seed = 0; seed < 60; seed++) {
      const graph = randomPlain(seed, symbolic)
      const planned = planOf(graph)
      const alive = checkPlan(graph, planned)
      const { arenaBytes, slots } = planned.plan
      if (symbolic) expect(slots).toBeLessThanOrEqual(graph.nodes.length)
      else {
        expect(arenaBytes).toBeGreaterThanOrEqual(alive)
        // All values but few are of one size, so there is next to nothing to lose between them.
        expect(arenaBytes).toBeLessThanOrEqual(alive * 1.5 + 4 * ALIGNMENT)
        expect(arenaBytes % ALIGNMENT).toBe(0)
      }
    }
  })

  test('every value of every random graph has a place, and static offsets are aligned', () => {
    for (let seed = 0; seed < 40; seed++) {
      const { source } = randomModel([seed])
      const graph = graphOf({ ...source, opsets: { '': 17 } })
      const { plan, lowered } = planOf(graph)
      for (const groups of lowered.values()) {
        for (const output of groups.flatMap(({ outputs }) => outputs)) {
          const storage = plan.storage.get(output)
          expect(storage, output.name).toBeDefined()
          if (storage?.kind === 'arena') expect(storage.offset % ALIGNMENT).toBe(0)
        }
      }
    }
  })

  test('outputs are written in place: once, and not where they are inputs, constants or of unknown size', () => {
    const graph = graphOf({
      inputs: { a: f32(2, 2), b: f32('n') },
      outputs: { x: undefined, same: undefined, flat: undefined, a: undefined, k: undefined, dynamic: undefined },
      initializers: { k: tensorFrom('float32', [2], [1, 2]), shape: tensorFrom('int64', [1], [4]) },
      nodes: [
        node('Neg', ['a'], ['x']),
        node('Identity', ['x'], ['same']),
        node('Reshape', ['x', 'shape'], ['flat']),
        node('Neg', ['b'], ['dynamic']),
      ],
    })
    const { storage, arenaBytes } = planOf(graph).plan
    const kinds = graph.outputs.map((output) => storage.get(output))
    expect(kinds.slice(0, 3)).toEqual([0, 0, 0].map((index) => ({ kind: 'output', index })))
    expect(kinds[3]).toEqual({ kind: 'input', index: 0 })
    expect(graph.outputs[4]!.constant).toBeDefined()
    expect(kinds[5]).toMatchObject({ kind: 'slot' })
    expect(arenaBytes).toBe(0)
  })

  test('what is joined lies in the result, whose memory is there from the first of its inputs until its last use', () => {
    const graph = graphOf({
      inputs: { a: f32(1, 16), n: f32('n', 16) },
      outputs: { y: undefined, z: undefined, w: undefined },
      initializers: { flat: tensorFrom('int64', [1], [-1]) },
      nodes: [
        node('Softmax', ['a'], ['p']),
        node('Softmax', ['p'], ['between']),
        node('Softmax', ['between'], ['q']),
        node('Reshape', ['q', 'flat'], ['flat_q']),
        node('Concat', ['p', 'q'], ['pq'], { axis: 1n }),
        node('Concat', ['pq', 'between'], ['others'], { axis: 1n }),
        node('Softmax', ['others'], ['y']),
        node('Neg', ['flat_q'], ['z']),
        node('Exp', ['n'], ['e']),
        node('Tanh', ['e'], ['t']),
        node('Abs', ['e'], ['s']),
        node('Concat', ['t', 's'], ['ts'], { axis: 1n }),
        node('Sin', ['ts'], ['w']),
      ],
    })
    const { lowered, plan } = planOf(graph)
    const groups = lowered.get(graph)!
    const value = (name: string): Value =>
      graph.nodes.flatMap(({ outputs }) => outputs).find((one) => one.name === name)!
    const bytes = Object.fromEntries(
      ['p', 'q', 'flat_q', 'pq', 'between'].map((name) => {
        const storage = plan.storage.get(value(name))
        return [name, storage?.kind === 'slice' && storage.whole === value('others') ? storage.bytes : storage?.kind]
      }),
    )
    expect(bytes).toEqual({ p: 0, q: 64, flat_q: 64, pq: 0, between: 128 })
    expect(groups.filter(({ anchor, call }) => anchor.op === 'Concat' && call)).toEqual([])
    expect(plan.inArena.map(({ tenant }) => tenant)).toEqual([value('others')])
    expect(plan.inArena[0]).toMatchObject({ from: 1, bytes: 192 })
    const apart = ['t', 's'].map((name) => plan.storage.get(value(name)))
    expect(apart).toEqual([0, 64].map((start) => ({ kind: 'slice', whole: value('ts'), bytes: start })))
  })

  test('what a body takes from outside stays until the loop ends, and what it carries as long', () => {
    const body = {
      inputs: { i: undefined, go: undefined, v: undefined },
      outputs: { go2: undefined, w: undefined },
      nodes: [
        node('Identity', ['go'], ['go2']),
        node('Softmax', ['v'], ['t0']),
        node('Softmax', ['t0'], ['t1']),
        node('Add', ['t1', 'outer'], ['w']),
      ],
    }
    const graph = graphOf({
      inputs: { a: f32(16), n: { kind: 'tensor', type: 'int64', shape: [] } },
      outputs: { y: undefined },
      nodes: [
        node('Softmax', ['a'], ['outer']),
        node('Softmax', ['outer'], ['first']),
        node('Loop', ['n', '', 'first'], ['last'], { body }),
        node('Softmax', ['last'], ['y']),
      ],
    })
    const { plan } = planOf(graph)
    const loop = graph.nodes.find(({ op }) => op === 'Loop')!
    const inner = loop.graphs.get('body')!
    const kept = [graph.nodes[0]!.output(), inner.inputs[2]!, inner.outputs[1]!]
    const passing = inner.nodes.filter(({ op }) => op === 'Softmax').map((one) => one.output())
    const offsets = [...kept, ...passing].map((value) => placeOf(plan, value)!)
    for (const [i, [, begin, end]] of offsets.entries()) {
      // t0 and t1 come and go one after the other; everything else must stand apart from all.
      for (const [, otherBegin, otherEnd] of offsets.slice(Math.max(i + 1, 1), i < 3 ? undefined : i + 1)) {
        expect(end <= otherBegin || otherEnd <= begin).toBe(true)
      }
    }
  })

  test('branches use the same memory one instead of the other', () => {
    const deep = (name: string) =>
      branch(`${name}2`, node('Softmax', ['a'], [`${name}1`]), node('Softmax', [`${name}1`], [`${name}2`]))
    const sizes = [false, true].map((both) => {
      const graph = graphOf({
        inputs: { a: f32(1024), c: { kind: 'tensor', type: 'bool', shape: [] } },
        outputs: { y: undefined },
        nodes: [node('If', ['c'], ['y'], { then_branch: deep('t'), else_branch: both ? deep('e') : branch('a') })],
      })
      return planOf(graph).plan.arenaBytes
    })
    expect(sizes[1]).toBe(sizes[0])
  })
})

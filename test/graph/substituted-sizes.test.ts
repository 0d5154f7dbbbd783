import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { CompileError } from '../../src/errors/index.ts'
import { type Dim, substitute, symbolsOf } from '../../src/graph/dim.ts'
import { type Graph, Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { isFresh } from '../../src/graph/dim.ts'
import type { Model, OnnxDim } from '../../src/onnx/model.ts'
import { readModel } from '../../src/formats/read.ts'
import { registry } from '../../src/ops/index.ts'

// A shape rule that knows no sizes must say what it would say if it knew them: every model of the ONNX suite is imported
// with a symbol for each dimension, and with numbers; the symbols' values put into the first must give the second.

const suite = fileURLToPath(new URL('../../../shared/onnx-backend-tests/', import.meta.url))
const folders = ['node', 'pytorch-converted', 'pytorch-operator', 'simple'].map((name) => `${suite}${name}`)

type SizeOf = (dim: number, input: number, axis: number) => OnnxDim

function withSizes(model: Model, sizeOf: SizeOf): Model {
  const inputs = model.graph.inputs.map((input, i) => {
    const { type } = input
    if (type?.kind !== 'tensor' || !type.shape) return input
    const shape = type.shape.map((dim, axis) => (typeof dim === 'number' && dim > 0 ? sizeOf(dim, i, axis) : dim))
    return { ...input, type: { ...type, shape } }
  })
  return { ...model, graph: { ...model.graph, inputs } }
}

function imported(model: Model): Graph | undefined {
  try {
    return importModel(model, registry, new Identities())
  } catch (error) {
    // Not every operator takes every size, and some need to know theirs.
    if (error instanceof CompileError) return undefined
    throw error
  }
}

/** Size of an axis as it is, as others are, or with all axes changed at once. */
const changes: readonly ((dim: number, axis: number) => number)[] = [
  (dim) => dim,
  (dim) => dim + 1,
  (dim) => Math.max(1, dim - 1),
  ...[0, 1, 2, 3].flatMap((changed) => [
    (dim: number, axis: number) => (axis === changed ? dim + 2 : dim),
    (dim: number, axis: number) => (axis === changed ? 1 : dim),
  ]),
]

function differences(name: string, model: Model): { compared: number; wrong: string[] } {
  const found = { compared: 0, wrong: [] as string[] }
  const unknown = imported(withSizes(model, (_, input, axis) => `s${input}_${axis}`))
  if (!unknown) return found
  for (const change of changes) {
    const sizes = new Map<string, number>()
    const known = imported(
      withSizes(model, (dim, input, axis) => {
        sizes.set(`s${input}_${axis}`, change(dim, axis))
        return change(dim, axis)
      }),
    )
    known?.outputs.forEach(({ shape }, i) => {
      // The rank that the file states of an output decides between those that data could give; here other sizes do.
      if (shape?.length !== unknown.outputs[i]?.shape?.length) return
      shape?.forEach((dim: Dim, axis) => {
        const rule = unknown.outputs[i]?.shape?.[axis]
        if (rule === undefined || [...symbolsOf(rule)].some(isFresh)) return
        const value = substitute(rule, (symbol) => sizes.get(symbol))
        found.compared++
        if (value !== dim) found.wrong.push(`${name}, output ${i}, axis ${axis}: ${rule} is ${value}, not ${dim}`)
      })
    })
  }
  return found
}

it.skipIf(!existsSync(suite))(
  'rules for unknown sizes agree with rules for known ones',
  async () => {
    const results = { compared: 0, wrong: [] as string[] }
    for (const folder of folders) {
      for (const name of readdirSync(folder)) {
        const { compared, wrong } = differences(name, await readModel(`${folder}/${name}/model.onnx`))
        results.compared += compared
        results.wrong.push(...wrong)
      }
    }
    expect(results.wrong).toEqual([])
    expect(results.compared).toBeGreaterThan(20_000)
  },
  300_000,
)

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { compileBuiltin, prepareGraph } from '../../src/builtin/index.ts'
import { findCc, type Toolchain } from '../../src/toolchains/cc.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Model, Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorValues } from '../../src/onnx/tensor.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { testAddon } from '../native/libraries.ts'
import { randomModel } from './random/model.ts'
import { Random } from './random/random.ts'

// Nodes whose inputs are all constants, and which are left to the run: the same model gives the same numbers whether its
// data are constants or inputs, also at the level where C compilers look through calls.

const folder = mkdtempSync(join(tmpdir(), 'constant-inputs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const target = resolveTarget('host')
const compilers = ['gcc', 'clang'] as const
const found = new Map<string, Toolchain>()
for (const name of compilers) {
  const cc = await findCc({ env: { ...process.env, CC: name } }).catch(() => undefined)
  if (cc?.family === name) found.set(name, cc)
  else console.log(`skipped for ${name}: not installed`)
}

/** A model, and data for its inputs. */
interface Given {
  readonly source: ModelSource & Record<'inputs' | 'outputs', Readonly<Record<string, TypeInfo | undefined>>>
  readonly feeds: ReadonlyMap<string, Tensor>
}

/** Several models side by side, which saves compilations. */
function sideBySide(models: readonly Given[]): Given {
  const merged = <T>(records: readonly Readonly<Record<string, T>>[]): Record<string, T> =>
    Object.assign({}, ...records)
  return {
    source: {
      opsets: { '': 21 },
      inputs: merged(models.map(({ source }) => source.inputs)),
      outputs: merged(models.map(({ source }) => source.outputs)),
      nodes: models.flatMap(({ source }) => source.nodes),
    },
    feeds: new Map(models.flatMap(({ feeds }) => [...feeds])),
  }
}

/** Weights as quantisation-aware training leaves them, scaled and shifted per row, in front of a product. */
function quantizedWeights(seed: number): Given {
  const random = new Random(seed)
  const type = random.pick(['int8', 'int8', 'uint8', 'int16', 'uint16'] as const)
  const [rows, columns] = [random.int(1, 24), random.pick([5, 16, 32, 48, 64])]
  const numbers = (count: number, low: number, high: number) =>
    Array.from({ length: count }, () => random.int(low * 8, high * 8) / 8)
  const p = `s${seed}_`
  const feeds = new Map<string, Tensor>([
    [`${p}w`, tensorFrom('float32', [rows, columns], numbers(rows * columns, -4, 4))],
    [`${p}scale`, tensorFrom('float32', [rows], numbers(rows, 1, 3))],
    [
      `${p}zero`,
      tensorFrom(
        type,
        [rows],
        Array.from({ length: rows }, () => random.int(0, 3)),
      ),
    ],
    [`${p}x`, tensorFrom('float32', [2, columns], numbers(2 * columns, -2, 2))],
  ])
  const nodes: NodeSource[] = [
    {
      op: 'QuantizeLinear',
      inputs: [`${p}w`, `${p}scale`, `${p}zero`],
      outputs: [`${p}q`],
      attributes: { axis: 0n },
    },
    {
      op: 'DequantizeLinear',
      inputs: [`${p}q`, `${p}scale`, `${p}zero`],
      outputs: [`${p}d`],
      attributes: { axis: 0n },
    },
    { op: 'Gemm', inputs: [`${p}x`, `${p}d`], outputs: [`${p}y`], attributes: { transB: 1n } },
  ]
  const inputs = Object.fromEntries([...feeds].map(([name, { type, dims }]) => [name, tensorType(type, dims)]))
  return { source: { opsets: { '': 21 }, inputs, outputs: { [`${p}y`]: tensorType('float32') }, nodes }, feeds }
}

function randomGiven(seeds: readonly number[]): Given {
  const { source, feeds } = randomModel(seeds)
  return { source: source as Given['source'], feeds }
}

/** The model with these of its inputs turned to constants. */
function withConstants({ source, feeds }: Given, names: readonly string[]): Model {
  const inputs = Object.entries(source.inputs ?? {}).filter(([name]) => !names.includes(name))
  const constants = Object.fromEntries(names.map((name) => [name, feeds.get(name)!]))
  const text = { ...source, inputs: Object.fromEntries(inputs), initializers: { ...source.initializers, ...constants } }
  return decodeModel(modelBytes(text), { path: 'constants.onnx' })
}

async function results(model: Model, feeds: Given['feeds'], optimize: 0 | 3, toolchain: Toolchain) {
  const { library, signature } = await compileBuiltin(model, {
    target,
    optimize,
    toolchain,
    identity: 'test',
    stagingRoot: folder,
  })
  const compiler = { name: 'builtin', version: 'test' } as const
  const facts = { name: 'constants.onnx', signature, target: 'host', compiler } as const
  const runnable = await createNodeModel(facts, { addon: await testAddon(), library })
  const given = signature.inputs.map(({ name }) => [name, toRuntime(feeds.get(name)!)])
  const outputs = Object.entries(runnable.runSync(Object.fromEntries(given)))
  return new Map(outputs.map(([name, tensor]) => [name, tensorValues(fromRuntime(tensor)).map(Number)]))
}

/** Rounding may differ where sums are made in another order; a call that is left out gives what memory holds. */
function expectClose(actual: readonly number[], expected: readonly number[], name: string): void {
  expect(actual.length, name).toBe(expected.length)
  actual.forEach((value, i) => {
    const wanted = expected[i]!
    const isClose =
      Object.is(value, wanted) || value === wanted || Math.abs(value - wanted) <= 1e-5 * (1 + Math.abs(wanted))
    expect(isClose, `${name}[${i}] is ${value}, expected ${wanted}`).toBe(true)
  })
}

describe.each(compilers.filter((name) => found.has(name)))('at -O3 with %s', (name) => {
  const toolchain = found.get(name)!

  test('quantised weights', async () => {
    const given = sideBySide(Array.from({ length: 16 }, (_, seed) => seed).map(quantizedWeights))
    const constants = [...given.feeds.keys()].filter((input) => !input.endsWith('_x'))
    const asInputs = await results(withConstants(given, []), given.feeds, 0, toolchain)
    const asConstants = await results(withConstants(given, constants), given.feeds, 3, toolchain)
    for (const [output, values] of asInputs) expectClose(asConstants.get(output)!, values, output)
  })

  test.each([300, 320])('random graphs %i to +9', async (first) => {
    const seeds = Array.from({ length: 10 }, (_, i) => first + i)
    const given = randomGiven(seeds)
    const asInputs = await results(withConstants(given, []), given.feeds, 0, toolchain)
    const asConstants = await results(withConstants(given, [...given.feeds.keys()]), given.feeds, 3, toolchain)
    for (const [output, values] of asInputs) expectClose(asConstants.get(output)!, values, output)
  })
})

test('some of these nodes are left to the run', () => {
  const given = randomGiven([300, 301, 302])
  const graph = prepareGraph(withConstants(given, [...given.feeds.keys()]))
  const constant = graph.nodes.filter((node) => node.inputs.every((input) => !input || input.constant))
  expect(constant.length).toBeGreaterThan(0)
})

import { type BuiltinOptions, compileBuiltin } from '../../src/builtin/index.ts'
import { type Graph, Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { registry } from '../../src/ops/index.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import {
  type AttributeSource,
  modelBytes,
  type ModelSource,
  type Named,
  type NodeSource,
  tensorType,
} from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { Model as ReadModel, OnnxDim, Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorValues } from '../../src/onnx/tensor.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import type { Model } from '../../src/runtime/index.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'

// Operators through the whole compiler: ONNX bytes → graph → C → library → run. A compilation costs a quarter of a
// second, so cases of one opset share a model.

/** One node with its inputs, and how its inputs are given. */
export interface Case {
  readonly op: string
  readonly domain?: string
  /** `undefined`: an optional input that is left out. */
  readonly inputs: readonly (Tensor | undefined)[]
  readonly attributes?: Named<AttributeSource>
  /** Default: 1. */
  readonly outputs?: number
  /** Indices of outputs that the node does not name. */
  readonly without?: readonly number[]
  /** Indices of inputs that are constants of the model instead of inputs of the graph. */
  readonly constants?: readonly number[]
  /** Every dimension of the graph's inputs is unknown until the model runs. */
  readonly dynamic?: boolean
}

export interface CaseOptions {
  /** Default: 25. */
  readonly opset?: number
  readonly optimize?: 0 | 3
}

/** A result: `values` as `tensorValues` gives them. */
export interface Result {
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly values: readonly (number | bigint | string)[]
}

/** Compiles all cases as one model and runs it: the outputs of each case, in order. */
export async function runCases(cases: readonly Case[], options: CaseOptions = {}): Promise<Result[][]> {
  const graph = new CaseGraph()
  cases.forEach((one, i) => graph.add(one, `c${i}_`))
  const model = await compileModel(graph.source(options.opset ?? 25), options.optimize ?? 0)
  const results = model.runSync(graph.feeds)
  return graph.outputsOfCases.map((names) => names.map((name) => resultOf(fromRuntime(results[name]!))))
}

/** A model of one case, and what to run it with. */
export function modelOfCase(one: Case, options: CaseOptions = {}): { source: ModelSource; feeds: Map<string, Tensor> } {
  const graph = new CaseGraph()
  graph.add(one, '')
  const feeds = one.inputs.flatMap((tensor, i): [string, Tensor][] =>
    tensor && !one.constants?.includes(i) ? [[`x${i}`, tensor]] : [],
  )
  return { source: graph.source(options.opset ?? 25), feeds: new Map(feeds) }
}

/** The outputs of a single case. */
export async function runCase(one: Case, options: CaseOptions = {}): Promise<Result[]> {
  return (await runCases([one], options))[0]!
}

/** What models of tests are compiled to: `TEST_TARGET=wasm` runs any of these tests as WebAssembly. */
const target = process.env['TEST_TARGET'] ?? 'host'

type CompileOptions = Partial<Pick<BuiltinOptions, 'weights' | 'target'>>

/** Compiles a model that is written down. */
export function compileModel(source: ModelSource, optimize: 0 | 3 = 0, options: CompileOptions = {}): Promise<Model> {
  return compileBytes(modelBytes(source), optimize, options)
}

/** Compiles a model of a file's bytes. */
export function compileBytes(bytes: Uint8Array, optimize: 0 | 3 = 0, options: CompileOptions = {}): Promise<Model> {
  return compileRead(decodeModel(bytes, { path: 'test.onnx' }), optimize, options)
}

/** Compiles a model that was read. */
export async function compileRead(read: ReadModel, optimize: 0 | 3 = 0, options: CompileOptions = {}): Promise<Model> {
  const result = await compileBuiltin(read, {
    target: resolveTarget(target),
    optimize,
    identity: 'test',
    stagingRoot: makeFolder(),
    ...options,
  })
  const facts = {
    name: 'test.onnx',
    signature: result.signature,
    target: options.target?.name ?? target,
    compiler: { name: 'builtin', version: 'test' },
  } as const
  const { library, weights } = result
  const addon = target === 'wasm' ? {} : { addon: await testAddon() }
  return createNodeModel(facts, { ...addon, library, ...(weights !== undefined && { constants: weights }) })
}

/**
 * Compiles all cases as one model, which the result runs: with the inputs of the cases, but for those that `changes` gives
 * by the number of their case.
 */
export async function compileCases(
  cases: readonly Case[],
  options: CaseOptions = {},
): Promise<(changes?: ReadonlyMap<number, Case['inputs']>) => Result[][]> {
  const graph = new CaseGraph()
  cases.forEach((one, i) => graph.add(one, `c${i}_`))
  const model = await compileModel(graph.source(options.opset ?? 25), options.optimize ?? 0)
  return (changes = new Map()) => {
    const feeds = { ...graph.feeds }
    for (const [i, inputs] of changes)
      inputs.forEach((tensor, at) => {
        const name = `c${i}_x${at}`
        if (tensor && name in feeds) feeds[name] = toRuntime(tensor)
      })
    const results = model.runSync(feeds)
    return graph.outputsOfCases.map((names) => names.map((name) => resultOf(fromRuntime(results[name]!))))
  }
}

/** A case as a graph, with everything that is decided before C is written. @throws CompileError where the compiler refuses it */
export function importCase(one: Case, options: CaseOptions = {}): Graph {
  const graph = new CaseGraph()
  graph.add(one, '')
  const model = decodeModel(modelBytes(graph.source(options.opset ?? 25)), { path: 'test.onnx' })
  return importModel(model, registry, new Identities())
}

function resultOf(tensor: Tensor): Result {
  return { type: tensor.type, dims: tensor.dims, values: tensorValues(tensor) }
}

/** Writes cases side by side into one graph. */
class CaseGraph {
  private readonly inputs: Record<string, TypeInfo> = {}
  private readonly initializers: Record<string, Tensor> = {}
  private readonly nodes: NodeSource[] = []
  readonly feeds: Record<string, ReturnType<typeof toRuntime>> = {}
  readonly outputsOfCases: string[][] = []

  add(one: Case, prefix: string): void {
    const names = one.inputs.map((tensor, i) => {
      const name = `${prefix}x${i}`
      if (!tensor) return ''
      if (one.constants?.includes(i)) this.initializers[name] = tensor
      else {
        const shape = tensor.dims.map((dim, axis): OnnxDim => (one.dynamic ? `${name}_${axis}` : dim))
        this.inputs[name] = tensorType(tensor.type, shape)
        this.feeds[name] = toRuntime(tensor)
      }
      return name
    })
    const outputs = Array.from({ length: one.outputs ?? 1 }, (_, i) =>
      one.without?.includes(i) ? '' : `${prefix}y${i}`,
    )
    this.nodes.push({
      op: one.op,
      name: `${prefix}${one.op}`,
      inputs: names,
      outputs,
      ...(one.domain && { domain: one.domain }),
      ...(one.attributes && { attributes: one.attributes }),
    })
    this.outputsOfCases.push(outputs.filter(Boolean))
  }

  source(opset: number): ModelSource {
    const outputs = Object.fromEntries(this.outputsOfCases.flat().map((name) => [name, undefined]))
    const opsets = { '': opset, 'ai.onnx.preview.training': 1, 'ai.onnx.ml': 5, 'com.microsoft': 1 }
    return { opsets, inputs: this.inputs, outputs, initializers: this.initializers, nodes: this.nodes }
  }
}

/** Short for tensors in tests; rank 1 unless `dims` says otherwise. */
export function t(
  type: ElementType,
  values: readonly (number | bigint | boolean)[] | readonly string[],
  dims: readonly number[] = [values.length],
): Tensor {
  return tensorFrom(type, dims, values)
}

/** A float32 tensor. */
export function f32(values: readonly number[], dims?: readonly number[]): Tensor {
  return t('float32', values, dims)
}

/** An int64 tensor. */
export function i64(values: readonly (number | bigint)[], dims?: readonly number[]): Tensor {
  return t('int64', values, dims)
}

/** Whether two lists of numbers agree within a relative and an absolute tolerance; NaN agrees with NaN. */
export function close(
  actual: readonly unknown[],
  expected: readonly number[],
  relative = 1e-6,
  absolute = 1e-7,
): boolean {
  return (
    actual.length === expected.length &&
    expected.every((wanted, i) => {
      const given = Number(actual[i])
      return (
        Object.is(given, wanted) ||
        given === wanted ||
        Math.abs(given - wanted) <= absolute + relative * Math.abs(wanted)
      )
    })
  )
}

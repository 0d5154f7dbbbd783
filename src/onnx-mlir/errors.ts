import { CompileError, EnvironmentError, type OnnxMlirError } from '../errors/index.ts'
import type { Model, OnnxGraph, OnnxNode } from '../onnx/model.ts'
import type { SpawnResult } from '../process/spawn.ts'
import type { ExitCodeTable } from './capabilities.ts'
import { endingSignal, exitCodeName } from './exit-codes.ts'
import { type Failure, customOperator, recogniseFailure, unsupported } from './failures.ts'
import { readableErrors } from './readable-errors.ts'

/** What is known about a compile that failed. */
export interface FailureContext {
  readonly model: Model
  /** How to call the compiler. */
  readonly compiler: string
  readonly exitCodes: ExitCodeTable
  readonly limits: { readonly timeoutMs: number; readonly memoryBytes: number }
  /** Whether the built-in compiler can make an operator, where the caller knows. */
  readonly builtinCan?: (node: OnnxNode) => boolean
  /** The model's operators that the compiler doesn't know, where it was asked. */
  readonly customOperators?: readonly string[]
  /** Where the staging folder was kept. */
  readonly keptIn?: string
}

/** The one error for a driver run that didn't succeed: names model, node, cause and way out, and ends with the driver's own words. */
export function explainFailure(result: SpawnResult, context: FailureContext): OnnxMlirError {
  const { model, compiler } = context
  const failure = namedFailure(result, context) ?? suspectedFailure(exitFailure(result, context), context)
  const nodes = nodesOf(failure, model)
  const where = nodes.length === 0 ? '' : ` at ${listNodes(nodes)}`
  const words = readableErrors(result.stderr)
  const message = [
    `${model.path}: onnx-mlir (${compiler}) failed${where}: ${failure.why}. ${wayOut(failure, nodes, context)}`.trimEnd(),
    ...words.map((line) => `  | ${line}`),
    ...(context.keptIn === undefined ? [] : [`  The staging folder was kept: ${context.keptIn}`]),
  ].join('\n')
  const [first] = nodes
  const data = {
    model: model.path,
    ...(first === undefined ? {} : { node: first.label, op: opName(first.node) }),
    ...(first === undefined && failure.ops !== undefined ? { op: failure.ops.join(', ') } : {}),
    exitCode: result.exitCode,
    exitName: result.exitCode === null ? undefined : exitCodeName(context.exitCodes, result.exitCode),
    signal: endingSignal(result.exitCode, result.exitSignal),
    stderr: result.stderr.slice(0, 100_000),
  }
  return failure.environment
    ? new EnvironmentError(failure.code, message, data)
    : new CompileError(failure.code, message, data)
}

function namedFailure(result: SpawnResult, context: FailureContext): Failure | undefined {
  const failure = stopFailure(result, context) ?? recogniseFailure(result.stderr)
  const { customOperators = [] } = context
  return namesCustomOperator(failure) && customOperators.length > 0 ? unsupported(customOperators) : failure
}

/** Whether a failure is about an operator that the compiler doesn't know, and hence doesn't name. */
export function namesCustomOperator(failure: Failure | undefined): boolean {
  return failure?.ops?.includes(customOperator) ?? false
}

function stopFailure({ stopped, peakBytes }: SpawnResult, { limits, model }: FailureContext): Failure | undefined {
  const controlFlow = allNodes(model.graph).filter(({ node }) => ['If', 'Loop', 'Scan'].includes(node.op))
  const suspicion = controlFlow.length === 0 ? '' : ` Nested control flow (${listNodes(controlFlow)}) is a known cause.`
  if (stopped === 'timeout') {
    return {
      code: 'COMPILE_TIMEOUT',
      why: `it was stopped after ${limits.timeoutMs / 1000} s`,
      way: `Raise the time limit (timeout), or use the built-in compiler (compiler=builtin).${suspicion}`,
    }
  }
  if (stopped !== 'memory') return undefined
  const mib = (bytes: number) => `${Math.round(bytes / (1 << 20))} MiB`
  const seen = peakBytes === undefined ? '' : ` (seen: ${mib(peakBytes)})`
  return {
    code: 'COMPILE_MEMORY',
    why: `it was stopped since it took more than ${mib(limits.memoryBytes)} of memory${seen}`,
    way: `Raise the memory limit (memory), or use the built-in compiler (compiler=builtin).${suspicion}`,
  }
}

/** Of a failure without an explanation, what in the model is known to lead to such. */
function suspectedFailure(failure: Failure, { customOperators = [], model }: FailureContext): Failure {
  if (customOperators.length > 0) {
    const why = `${failure.why}, most likely since it doesn’t know ${customOperators.join(', ')}`
    return { ...failure, code: 'UNSUPPORTED_OPERATOR', why, ops: customOperators }
  }
  const names = [...model.graph.inputs, ...model.graph.outputs].map(({ name }) => name)
  // It writes names into JSON as they are, and reads that again.
  const marked = names.find((name) => /["\\\p{Cc}]/u.test(name))
  if (marked === undefined) return failure
  return {
    ...failure,
    why: `${failure.why}, most likely since the name ${JSON.stringify(marked)} holds a quote, backslash or line break`,
  }
}

/** Texts said nothing: what is left is how the process ended. */
function exitFailure({ exitCode, exitSignal }: SpawnResult, { exitCodes }: FailureContext): Failure {
  const way = 'Use the built-in compiler for this model (compiler=builtin), or another version of onnx-mlir.'
  const signal = endingSignal(exitCode, exitSignal)
  if (signal === 'SIGKILL') {
    const why = 'something ended it from outside, most likely the system for want of memory'
    return { code: 'COMPILE_MEMORY', why, way: 'Give it more memory, or use the built-in compiler (compiler=builtin).' }
  }
  if (signal === 'SIGILL') {
    const why = 'it uses instructions that this CPU doesn’t have'
    return { code: 'ENVIRONMENT_WRONG_MACHINE', why, way: 'Use an onnx-mlir built for this CPU.', environment: true }
  }
  if (signal !== undefined) return { code: 'COMPILE_CRASHED', why: `it crashed (${signal})`, way }
  const name = exitCode === null ? undefined : exitCodeName(exitCodes, exitCode)
  return { code: 'COMPILE_FAILED', why: `it ended with exit code ${exitCode}${name ? ` (${name})` : ''}`, way }
}

function wayOut(failure: Failure, nodes: readonly PlacedNode[], { builtinCan, model }: FailureContext): string {
  if (failure.code !== 'UNSUPPORTED_OPERATOR') return failure.way
  if (builtinCan === undefined) return 'The built-in compiler may have it (compiler=builtin).'
  // Of an operator that the compiler made out of others, all that can be said is of the whole model.
  const asked = nodes.length > 0 ? nodes : allNodes(model.graph)
  return asked.every(({ node }) => builtinCan(node))
    ? 'The built-in compiler can make it: use compiler=builtin.'
    : 'The built-in compiler can’t make it either: replace the operator, or export the model in another way.'
}

interface PlacedNode {
  readonly node: OnnxNode
  /** The node's name, or `#index` in its graph. */
  readonly label: string
}

/** The nodes that a text may mean: the one it names, else all with an operator that it names. */
function nodesOf({ node: name, ops }: Failure, model: Model): readonly PlacedNode[] {
  if (name === undefined && ops === undefined) return []
  const nodes = allNodes(model.graph)
  const named = nodes.filter(({ node }) => node.name === name)
  if (named.length > 0 || ops === undefined) return named
  // Only the last part: `com.microsoft.Gelu` and `Gelu` are both seen.
  const plain = new Set(ops.map((op) => op.split('.').at(-1)))
  return nodes.filter(({ node }) => plain.has(node.op))
}

function allNodes(graph: OnnxGraph): PlacedNode[] {
  return graph.nodes.flatMap((node, index) => [
    { node, label: node.name || `#${index}` },
    ...[...node.attributes.values()].flatMap((attribute) => {
      if (attribute.kind === 'graph') return allNodes(attribute.value)
      return attribute.kind === 'graphs' ? attribute.value.flatMap(allNodes) : []
    }),
  ])
}

function listNodes(nodes: readonly PlacedNode[]): string {
  const listed = nodes.slice(0, 3).map(({ node, label }) => `${opName(node)} ${JSON.stringify(label)}`)
  return listed.join(', ') + (nodes.length > 3 ? ` and ${nodes.length - 3} more` : '')
}

function opName(node: OnnxNode): string {
  return node.domain === '' ? node.op : `${node.domain}.${node.op}`
}

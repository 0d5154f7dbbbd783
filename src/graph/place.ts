import type { OnnxGraph, OnnxNode, ValueInfo as ValueInfoProto } from '../onnx/model.ts'
import type { GraphBuilder } from './builder.ts'
import { dimKey } from './dim.ts'
import { type Graph, Node, type Value, type ValueInfo } from './graph.ts'
import type { Claims, Outcome as OutcomeAt } from './paths.ts'
import type { Scope } from './scope.ts'
import { type Opsets, versionOf } from './support.ts'

/** Where the nodes of one ONNX graph or function body go. */
export interface Place {
  readonly builder: GraphBuilder
  readonly scope: Scope
  readonly opsets: Opsets
  /** The node of the main graph that this is part of, by index; `undefined` in the main graph itself. */
  readonly origin?: number
  /** What the names of unnamed nodes begin with. */
  readonly prefix: string
  /** Where it is, so that another import finds it again. */
  readonly path: string
  /** The side of a fork that it is on, by `path`; none where each run comes by. */
  readonly side?: string | undefined
  /** What the file states of values that nodes there compute. */
  readonly stated: ReadonlyMap<string, ValueInfoProto>
  /** What is known there of sizes that only a run knows. */
  readonly claims: Claims
}

export type Outcome = OutcomeAt<Place>

/** The compiler's node of one of the file's, at a place. */
export function nodeOf(
  source: OnnxNode,
  { opsets }: Place,
  inputs: (Value | undefined)[],
  name: string,
  origin: number,
): Node {
  const { domain, op, attributes } = source
  return new Node({ domain, op, version: versionOf(source, opsets), name, origin, attributes, inputs })
}

/** @throws CompileError `MODEL_SUBGRAPH_INPUTS` */
export function checkInputCount(source: OnnxGraph, given: number, node: Node): void {
  if (source.inputs.length === given) return
  const problem = `its subgraph ${JSON.stringify(source.name)} takes ${source.inputs.length} inputs, but is given ${given}`
  throw node.error('MODEL_SUBGRAPH_INPUTS', problem)
}

export function emptyGraph({ name, outputs }: Pick<OnnxGraph, 'name' | 'outputs'>): Graph {
  return { name, inputs: [], outputs: [], outputNames: outputs.map((output) => output.name), nodes: [] }
}

export function isIf({ op, domain }: Pick<OnnxNode, 'op' | 'domain'>): boolean {
  return op === 'If' && domain === ''
}

/** Tells imports of one subgraph with different inputs apart. */
export function shapesKey(infos: readonly ValueInfo[]): string {
  return infos.map(({ shape, list }) => shape?.map(dimKey).join() ?? String(list?.shape ?? '?')).join(';')
}

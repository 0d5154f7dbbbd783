import { CompileError } from '../errors/index.ts'
import { add, type Dim, dimKey, isAtLeast, subtract } from './dim.ts'
import { INTERNAL_OPSET, type GraphBuilder } from './builder.ts'
import { type Graph, Node, type Value } from './graph.ts'
import { describeValue, isNested } from './list.ts'

/*
 * Ranks that only a run knows. Where the branches of an `If` give values of different rank, what follows is imported once
 * behind each branch, on a path of its own, until all that is still used has one rank again; there the paths join, and
 * their nodes become the branches of an `If`. On each path every rank is known.
 */

/** A comparison of two dimensions. */
export interface Claim {
  readonly a: Dim
  readonly b: Dim
  /** Whether they are said to be equal, or to differ. */
  readonly equal: boolean
}

/** What is known on a path, beside what holds in every run: claims of equality by `keyOf`. */
export type Claims = ReadonlyMap<string, boolean>

function keyOf({ a, b }: Claim): string {
  const [one, other] = [dimKey(subtract(a, b)), dimKey(subtract(b, a))]
  return one < other ? one : other
}

/** Whether a claim holds; `undefined` where that is not known. */
export function decide(claim: Claim, claims: Claims): boolean | undefined {
  const { a, b, equal } = claim
  const difference = subtract(a, b)
  if (typeof difference === 'number') return (difference === 0) === equal
  if (isAtLeast(a, add(b, 1)) || isAtLeast(b, add(a, 1))) return !equal
  const known = claims.get(keyOf(claim))
  return known === undefined ? undefined : known === equal
}

/** What is known where a claim holds, or does not. */
export function suppose(claims: Claims, claim: Claim | undefined, holds: boolean): Claims {
  return claim ? new Map(claims).set(keyOf(claim), claim.equal === holds) : claims
}

/** The claim that a condition is, as exporters write them: `x.shape[1] == 1`. */
export function claimOf(condition: Value): Claim | undefined {
  const node = condition.producer
  const [x, y] = node?.inputs ?? []
  if (!node || node.domain || !x) return undefined
  const single = ({ contents }: Value): Dim | undefined => (contents?.length === 1 ? contents[0] : undefined)
  if (node.op === 'Equal') {
    const [a, b] = [single(x), y && single(y)]
    return a === undefined || b === undefined ? undefined : { a, b, equal: true }
  }
  if (node.op === 'Cast' && x.type !== 'bool') {
    const a = single(x)
    return a === undefined ? undefined : { a, b: 0, equal: false }
  }
  if (!['Not', 'Cast', 'Identity', 'Squeeze', 'Unsqueeze', 'Reshape'].includes(node.op)) return undefined
  const claim = claimOf(x)
  return claim && node.op === 'Not' ? { ...claim, equal: !claim.equal } : claim
}

/** The end of a path, with what it gives. `P` is where to go on from. */
export interface Path<P> {
  readonly place: P
  readonly values: readonly (Value | undefined)[]
}

/** Two ways on, of which the run takes one. */
export interface Fork<P> {
  /** The node that asks. */
  readonly node: Node
  readonly condition: Value
  readonly builder: GraphBuilder
  readonly yes: Side<P>
  readonly no: Side<P>
}

interface Side<P> {
  readonly graph: Graph
  readonly end: Outcome<P>
}

export type Outcome<P> = Path<P> | Fork<P>

export function isFork<P>(outcome: Outcome<P>): outcome is Fork<P> {
  return 'yes' in outcome
}

/** The ends of all paths. */
export function* pathsOf<P>(outcome: Outcome<P>): Generator<Path<P>> {
  if (!isFork(outcome)) return yield outcome
  yield* pathsOf(outcome.yes.end)
  yield* pathsOf(outcome.no.end)
}

/** Goes on from the end of every path. */
export function extendPaths<P>(outcome: Outcome<P>, extend: (path: Path<P>) => Outcome<P>): Outcome<P> {
  if (!isFork(outcome)) return extend(outcome)
  const further = ({ graph, end }: Side<P>): Side<P> => ({ graph, end: extendPaths(end, extend) })
  return { ...outcome, yes: further(outcome.yes), no: further(outcome.no) }
}

/**
 * Whether all paths give values of the same types and ranks, so that they can join. Sequences that are known at compile
 * time on each path stay so as long as paths go on, but join `atEnd`.
 */
export function canJoin<P>(outcome: Outcome<P>, { atEnd = false } = {}): boolean {
  const [first, ...others] = [...pathsOf(outcome)]
  return first!.values.every((value, i) =>
    others.every(({ values: { [i]: other } }) => {
      if (!value || !other) return value === other
      if (value.kind !== other.kind || value.type !== other.type) return false
      if (value.kind === 'tensor') return sameRank(value, other)
      return isNested(value) === isNested(other) && (atEnd || !value.elements || !other.elements)
    }),
  )
}

/** What keeps paths from joining, for messages: `"y" may be float32 of rank 2 or float32 of rank 3`. */
export function differences<P>(outcome: Outcome<P>, names: readonly string[]): string {
  const described = (value: Value): string => {
    const { kind, type, shape } = value
    return kind === 'tensor' ? `${type} of ${shape ? `rank ${shape.length}` : 'any rank'}` : describeValue(value)
  }
  const differing = names.flatMap((name, i) => {
    const found = new Set([...pathsOf(outcome)].map(({ values: { [i]: value } }) => value && described(value)))
    return found.size > 1 ? [`${JSON.stringify(name)} may be ${[...found].join(' or ')}`] : []
  })
  return differing.join(', ')
}

function sameRank(a: Value, b: Value): boolean {
  return a.shape !== undefined && a.shape.length === b.shape?.length
}

/** Makes the `If` nodes of a fork, whose paths `canJoin`: the values that they give. */
export function join<P>(fork: Fork<P>, names: readonly string[]): Value[] {
  const { node, condition, builder } = fork
  const graphOf = ({ graph, end }: Side<P>): Graph => {
    graph.outputs = isFork(end) ? join(end, names) : end.values.map((value) => value!)
    return graph
  }
  const branches = { then_branch: graphOf(fork.yes), else_branch: graphOf(fork.no) }
  const { name, origin, version } = node
  const joined = new Node({
    domain: '',
    op: 'If',
    version: node.op === 'If' ? version : INTERNAL_OPSET,
    name,
    origin,
    attributes: new Map(),
    inputs: [condition],
  })
  return builder.append(joined, names, {
    graph: (branch) => branches[branch as keyof typeof branches],
    inline: (branch) => {
      throw new TypeError(`no ${branch} to inline`)
    },
  })
}

/** Why a run can't come this way: sizes that its nodes can't take. Other errors are the model's, or ours, on any path. */
export function isImpossible(error: unknown): error is CompileError {
  return error instanceof CompileError && IMPOSSIBLE.has(error.code)
}

const IMPOSSIBLE: ReadonlySet<string> = new Set([
  'MODEL_SHAPE',
  'MODEL_ATTRIBUTE',
  'MODEL_AXIS',
  'MODEL_INDEX',
  'MODEL_RESHAPE',
  'MODEL_BROADCAST',
  'MODEL_NODE',
])

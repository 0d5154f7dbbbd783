import { dimEquals } from '../graph/dim.ts'
import type { Value } from '../graph/graph.ts'
import type { Attribute } from '../onnx/model.ts'
import { isMove, staysConverted, stepsOnImages } from './layout.ts'
import type { Neighbours } from './neighbours.ts'
import { permutationOf } from './passes/simplify.ts'
import type { Placement } from './placed.ts'
import type { Program, Step } from './program.ts'

/** Steps that are in no operation of the final IR. */
export function vanish(program: Program, placement: Placement, neighbours: Neighbours): void {
  const images = stepsOnImages(program, neighbours)
  const gone = [
    ...duplicates(program, neighbours),
    ...program.steps.flatMap((step) => layoutMoves(step, program, neighbours, images)),
  ]
  for (const step of gone) placement.set(step, { ...placement.get(step)!, device: 'folded' })
}

/**
 * Steps of the accelerator that compute what another one computed before (common subexpressions). ONNX's own operations
 * differ in the names of their nodes.
 */
function duplicates(program: Program, neighbours: Neighbours): Step[] {
  const seen = new Map<string, Step>()
  const same = new Map<Value, Value>()
  return program.steps.filter((step) => {
    if (!neighbours.isOnNnpa(step)) return false
    const inputs = step.inputs.map((input) => input && (same.get(input) ?? input).id)
    const key = JSON.stringify([step.domain, step.op, step.outputs.length, inputs, attributeTexts(step)])
    const first = seen.get(key)
    if (!first) seen.set(key, step)
    else step.outputs.forEach((output, i) => same.set(output, first.outputs[i]!))
    return first !== undefined
  })
}

function attributeTexts({ attributes }: Step): string[] {
  const text = (attribute: Attribute): string =>
    JSON.stringify(attribute, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return [...attributes].map(([name, attribute]) => `${name}=${text(attribute)}`).toSorted()
}

/**
 * A Reshape that splits a dimension, a Transpose and a Reshape that joins two, behind an operation of the accelerator:
 * they are one conversion of layouts. Source: PatternsForExtendedLayoutTransform, FusionOpStickUnstick.cpp.
 */
function layoutMoves(step: Step, program: Program, neighbours: Neighbours, images: ReadonlySet<Step>): Step[] {
  const value = step.outputs[0]
  const last = value?.shape?.at(-1)
  const isWhole = typeof last === 'number' && last % 64 === 0
  if (!value || !isWhole || !neighbours.isOnNnpa(step) || images.has(step)) return []
  if (!staysConverted(value, program, neighbours, images)) return []
  const moves: Step[] = []
  /** The one step that moves what came out last. */
  const next = (op: string): Step | undefined => {
    const current = moves.at(-1)?.output() ?? value
    const users = neighbours.usersOf(current).filter((user) => moves.length > 0 || !neighbours.isOnNnpa(user))
    const [user] = users
    const isOnly = users.length === 1 && !program.outputs.includes(current)
    return isOnly && user && isMove(user) && user.op === op ? user : undefined
  }
  const split = next('Reshape')
  if (split && splitsOne(split)) moves.push(split)
  if (!split || moves.length > 0) {
    const transpose = next('Transpose')
    const perm = transpose && permutationOf(transpose)
    if (transpose && perm?.at(-1) !== perm!.length - 1) return []
    if (transpose) moves.push(transpose)
  }
  const join = next('Reshape')
  const isJoined = join !== undefined && joinsTwo(join)
  if (isJoined) moves.push(join)
  // What comes after it, a Reshape or a conversion of numbers, would have the names of all before.
  const isLast = join === undefined || isJoined
  return isLast && isConvertedOnce(moves.at(-1)?.output() ?? value, program, neighbours, images) ? moves : []
}

/** Whether all users take a value from the accelerator's format, or all go on with it there. */
function isConvertedOnce(value: Value, program: Program, neighbours: Neighbours, images: ReadonlySet<Step>): boolean {
  const isThere = neighbours.usersOf(value).map((user) => neighbours.isOnNnpa(user) && !images.has(user))
  return isThere.every((there) => there === isThere[0]) && !(isThere[0] && program.outputs.includes(value))
}

function splitsOne(reshape: Step): boolean {
  const [from, to] = [reshape.input(0).shape, reshape.output().shape]
  const axis = joinedAxis(to, from)
  const factor = axis === undefined ? undefined : to![axis + 1]
  return typeof factor === 'number' && (axis !== from!.length - 1 || factor % 64 === 0)
}

function joinsTwo(reshape: Step): boolean {
  return joinedAxis(reshape.input(0).shape, reshape.output().shape) !== undefined
}

/** The axis of `short` that takes the place of two axes of `long`, where all others are the same. */
function joinedAxis(long: Value['shape'], short: Value['shape']): number | undefined {
  if (!long || !short || long.length !== short.length + 1) return undefined
  const axis = short.findIndex((dim, i) => !dimEquals(dim, long[i]!))
  if (axis < 0) return undefined
  return short.slice(axis + 1).every((dim, i) => dimEquals(dim, long[axis + 2 + i]!)) ? axis : undefined
}

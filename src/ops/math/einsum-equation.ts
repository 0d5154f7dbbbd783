import type { Dim } from '../../graph/dim.ts'
import type { Node } from '../../graph/graph.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'

/** An Einsum equation, with what it means for the inputs' shapes. */
export interface Equation {
  /** Per input, one label per axis. An ellipsis stands for labels `.0`, `.1`, … counted from its last axis. */
  readonly terms: readonly (readonly string[])[]
  readonly output: readonly string[]
  /** Labels that are summed over. */
  readonly summed: readonly string[]
  readonly sizes: ReadonlyMap<string, Dim>
}

/** Reads the attribute `equation` of ONNX Einsum-12: numpy.einsum's notation. */
export function equationOf(node: Node): Equation {
  const text = (node.string('equation') ?? '').replaceAll(' ', '')
  const [left, right, ...more] = text.split('->')
  const given = (left ?? '').split(',')
  if (given.length !== node.inputs.length || more.length > 0) {
    throw node.error('MODEL_ATTRIBUTE', `the equation ${JSON.stringify(text)} does not have one term per input`)
  }
  const terms = given.map((term, i) => labelsOf(node, term, node.input(i).rank))
  const sizes = sizesOf(node, terms)
  const output = right === undefined ? implicitOutput(terms) : outputLabels(node, right, terms)
  for (const label of output) {
    if (!sizes.has(label))
      throw node.error('MODEL_ATTRIBUTE', `the output's label ${JSON.stringify(label)} is in no input`)
  }
  return { terms, output, summed: [...sizes.keys()].filter((label) => !output.includes(label)), sizes }
}

function labelsOf(node: Node, term: string, rank: number): string[] {
  const [before, after, ...more] = term.split('...')
  const letters = [...(before ?? ''), ...(after ?? '')]
  const wrong = letters.find((letter) => !/[A-Za-z]/.test(letter))
  const covered = rank - letters.length
  if (wrong !== undefined || more.length > 0 || covered < 0 || (after === undefined && covered > 0)) {
    throw node.error(
      'MODEL_ATTRIBUTE',
      `the term ${JSON.stringify(term)} of the equation does not fit an input of rank ${rank}`,
    )
  }
  return [...(before ?? ''), ...ellipsisLabels(after === undefined ? 0 : covered), ...(after ?? '')]
}

function ellipsisLabels(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `.${count - 1 - i}`)
}

/** Size of every label; axes that share one broadcast. */
function sizesOf(node: Node, terms: readonly (readonly string[])[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>()
  terms.forEach((labels, i) =>
    labels.forEach((label, axis) => {
      const [size] = broadcastShapes(node, [[sizes.get(label) ?? 1], [node.input(i).dims[axis]!]])
      sizes.set(label, size!)
    }),
  )
  return sizes
}

/** Labels of the ellipses, then those that occur once, in alphabetical order. */
function implicitOutput(terms: readonly (readonly string[])[]): string[] {
  const all = terms.flat()
  const once = all.filter((label) => !label.startsWith('.') && all.indexOf(label) === all.lastIndexOf(label))
  return [...ellipsisOf(terms), ...once.sort()]
}

function outputLabels(node: Node, text: string, terms: readonly (readonly string[])[]): string[] {
  const [before, after] = text.split('...')
  const labels = [...(before ?? ''), ...(after === undefined ? [] : [...ellipsisOf(terms), ...after])]
  if (new Set(labels).size < labels.length)
    throw node.error('MODEL_ATTRIBUTE', `the output ${JSON.stringify(text)} of the equation names an axis twice`)
  return labels
}

function ellipsisOf(terms: readonly (readonly string[])[]): string[] {
  const widest = Math.max(0, ...terms.map((labels) => labels.filter((label) => label.startsWith('.')).length))
  return ellipsisLabels(widest)
}

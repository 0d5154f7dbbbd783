import { type Dim, isFresh, substitute, symbolName, symbolsOf } from '../graph/dim.ts'
import { rankName, sizeNames } from '../graph/given-sizes.ts'
import { allNodes, type Graph } from '../graph/graph.ts'
import type { Model } from '../onnx/model.ts'
import { isSizedAtOne, lengthAtOne, unsizedAtOne } from '../report/flops.ts'
import { dims as directive } from '../request/dims.ts'
import { listed, quote } from '../runtime/shorten.ts'

// Which open sizes decide whether the work of a model can be counted, and what to give for them.

type Sizes = ReadonlyMap<string, number>

/** What is tried of a rank; of a length, what the contents of shapes that give a rank have. */
const lengths = [2, 4, 3, 1, 5, 6]

/** A model may take a second to read, and this is advice. */
const MOST_MS = 3000

/**
 * Sizes that make a model readable: of the first input that does it alone, else of all that state no rank.
 *
 * @param isReadable with sizes beside those that are given
 * @returns `undefined` where no size was found that would
 */
export function decidingSizes(model: Model, given: Sizes, isReadable: (sizes: Sizes) => boolean): Sizes | undefined {
  const start = performance.now()
  const open = sizeNames(model, given).filter((name) => !given.has(name))
  const ranks = new Set(model.graph.inputs.map(({ name }) => rankName(name)))
  const unranked = open.filter((name) => ranks.has(name))
  const ways = [...open.map((name) => [name]), ...(unranked.length > 1 ? [unranked] : [])]
  for (const names of ways) {
    for (const length of lengths) {
      if (performance.now() - start > MOST_MS) return undefined
      const sizes = new Map(names.map((name) => [name, length]))
      if (isReadable(new Map([...given, ...sizes]))) return sizes
    }
  }
  return undefined
}

/** `input "x" decides it: give its rank, like --dims 'rank(x)=2' (…)`. */
export function sizesAdvice({ graph }: Model, sizes: Sizes): string {
  const names = [...sizes.keys()]
  const isOf = (input: string, name: string): boolean => name === rankName(input) || name.startsWith(`${input}[`)
  const inputs = graph.inputs.filter(({ name, type }) =>
    names.some((size) => isOf(name, size) || (type?.kind === 'tensor' && type.shape?.includes(size))),
  )
  const [first] = inputs
  const pairs = [...sizes].map(([name, size]) => `${name}=${size}`).join(',')
  const option = /^[\w=,-]+$/.test(pairs) ? pairs : `'${pairs.replaceAll("'", `'\\''`)}'`
  const who = first
    ? `input${inputs.length > 1 ? 's' : ''} ${listed(inputs.map(({ name }) => quote(name)))} decide${inputs.length > 1 ? '' : 's'} it: give`
    : 'give'
  // A value that begins like an option of its own must stand with its name.
  const given = pairs.startsWith('-') ? `--dims=${option}` : `--dims ${option}`
  return `${who} sizes, like ${given}, or dims=${directive.format(Object.fromEntries(sizes))} in an import`
}

/**
 * Why the work of a graph can't be counted with all open sizes taken as 1, and what to give; `undefined`: it can.
 *
 * @param isReadable whether the model can be read with sizes beside those that are given
 */
export function unsized(
  model: Model,
  graph: Graph,
  assumed: readonly string[],
  isReadable: (sizes: Sizes) => boolean,
): string | undefined {
  for (const node of allNodes(graph)) {
    const value = unsizedAtOne(node)
    if (!value) continue
    const what = node.outputs.includes(value) ? 'output' : 'input'
    const shape = (value.shape ?? []).map((dim) => (lengthAtOne(dim) >= 0 ? String(lengthAtOne(dim)) : String(dim)))
    const op = `node ${quote(node.name)} (${node.operator})`
    const problem = `with ${listed(assumed.map((name) => `${name} = 1`))} ${op} would have an ${what} of [${shape.join(', ')}]`
    const sizes = sizesFor(graph, value.shape ?? [], isReadable)
    return sizes ? `${problem}; ${sizesAdvice(model, sizes)}` : problem
  }
  return undefined
}

/** Sizes are tried as powers of two first, which leave windows room; others where a size must be a multiple of something. */
const candidates = [
  ...Array.from({ length: 12 }, (_, i) => 2 ** (i + 1)),
  ...Array.from({ length: 1023 }, (_, i) => i + 2),
]

/** The first candidate for all symbols of a shape with which the model can be read and every node has sizes. */
function sizesFor(graph: Graph, shape: readonly Dim[], isReadable: (sizes: Sizes) => boolean): Sizes | undefined {
  const start = performance.now()
  const symbols = new Set<string>()
  for (const dim of shape) if (!isSizedAtOne(dim)) symbolsOf(dim, symbols)
  const names = [...symbols].map((name) => (isFresh(name) ? axisOf(graph.inputs, name) : name))
  if (names.includes(undefined)) return undefined
  const dependent = [...allNodes(graph)].flatMap(({ outputs }) =>
    outputs.flatMap(({ shape: dims = [] }) =>
      dims.filter((dim) => [...symbolsOf(dim)].some((name) => symbols.has(name))),
    ),
  )
  for (const size of candidates) {
    if (performance.now() - start > MOST_MS) return undefined
    // Of nothing there is no work either.
    const isSized = (dim: Dim): boolean =>
      lengthAtOne(substitute(dim, (name) => (symbols.has(name) ? size : undefined))) >= 1
    const sizes = new Map(names.map((name) => [name!, size]))
    if (dependent.every(isSized) && isReadable(sizes)) return sizes
  }
  return undefined
}

/** What the axis of an input is called whose size nobody named. */
function axisOf(inputs: Graph['inputs'], symbol: string): string | undefined {
  for (const { name, shape = [] } of inputs) {
    const axis = shape.findIndex((dim) => symbolName(dim) === symbol)
    if (axis >= 0) return `${name}[${axis}]`
  }
  return undefined
}

/** A directed graph without cycles, cut into layers: every link goes from one layer to the next. */
export interface Layered {
  /** Nodes by layer, from left to right. Those from `count` on are lanes: places where a longer edge passes a layer. */
  readonly layers: readonly (readonly number[])[]
  /** By node: nodes of the next layer. */
  readonly below: readonly (readonly number[])[]
  /** By node: nodes of the layer before. */
  readonly above: readonly (readonly number[])[]
  /** By edge: the nodes that it passes, both ends included; of an edge with too long a way, its ends alone. */
  readonly ways: readonly (readonly number[])[]
}

/** Longer edges get no lanes: of a value that all layers take there would be thousands. */
const longest = 100

/**
 * Sugiyama's method: nodes below all that they depend on, lanes for edges that pass layers (one for all edges of a node, as
 * they carry one value), and in each layer the order in which nodes stand at the average of their neighbours.
 * Source: K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of hierarchical system structures (1981).
 *
 * @param edges from a node to a later one
 */
export function inLayers(count: number, edges: readonly (readonly [number, number])[]): Layered {
  const layerOf = ranks(count, edges)
  const below: number[][] = Array.from({ length: count }, () => [])
  const above: number[][] = Array.from({ length: count }, () => [])
  const layers: number[][] = Array.from(
    { length: layerOf.reduce((most, layer) => Math.max(most, layer + 1), 0) },
    () => [],
  )
  for (let node = 0; node < count; node++) layers[layerOf[node]!]!.push(node)

  const lanes = new Map<number, number[]>()
  const link = (from: number, to: number): void => {
    below[from]!.push(to)
    above[to]!.push(from)
  }
  /** The lane of a node's value in the layer that is `step` below it. */
  const laneOf = (node: number, step: number): number => {
    const own = lanes.get(node) ?? [node]
    lanes.set(node, own)
    while (own.length <= step) {
      const lane = below.push([]) - 1
      above.push([])
      layers[layerOf[node]! + own.length]!.push(lane)
      link(own.at(-1)!, lane)
      own.push(lane)
    }
    return own[step]!
  }
  const ways = edges.map(([from, to]) => {
    const span = layerOf[to]! - layerOf[from]!
    if (span > longest) return [from, to]
    link(laneOf(from, span - 1), to)
    return [...lanes.get(from)!.slice(0, span), to]
  })
  order(layers, below, above)
  return { layers, below, above, ways }
}

/** Layers of nodes: each below what it depends on, and what depends on nothing just above what takes it. */
function ranks(count: number, edges: readonly (readonly [number, number])[]): number[] {
  const rank: number[] = Array.from({ length: count }, () => 0)
  const isTaker = new Set<number>()
  // Edges come by their targets, which are in topological order.
  for (const [from, to] of edges) {
    rank[to] = Math.max(rank[to]!, rank[from]! + 1)
    isTaker.add(to)
  }
  const least = new Map<number, number>()
  for (const [from, to] of edges)
    if (!isTaker.has(from)) least.set(from, Math.min(least.get(from) ?? Infinity, rank[to]! - 1))
  for (const [node, layer] of least) rank[node] = layer
  return rank
}

const sweeps = 6

/** Moves nodes of each layer to the average place of their neighbours, downwards and upwards in turn. */
function order(layers: number[][], below: readonly number[][], above: readonly number[][]): void {
  const place = new Map<number, number>()
  const number = (layer: readonly number[]): void => layer.forEach((node, i) => place.set(node, i))
  layers.forEach(number)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isDown = sweep % 2 === 0
    const neighbours = isDown ? above : below
    const wanted = (node: number): number => {
      const all = neighbours[node]!
      if (all.length === 0) return place.get(node)!
      return all.reduce((sum, other) => sum + place.get(other)!, 0) / all.length
    }
    for (const layer of isDown ? layers : layers.toReversed()) {
      const middles = new Map(layer.map((node) => [node, wanted(node)]))
      layer.sort((a, b) => middles.get(a)! - middles.get(b)!)
      number(layer)
    }
  }
}

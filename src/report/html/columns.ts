import type { Layered } from './layers.ts'

/** Distances of the middles of neighbours in a layer. */
export interface Distances {
  /** Of two nodes. */
  readonly nodes: number
  /** Of two lanes. */
  readonly lanes: number
}

const sweeps = 12

/**
 * The x of every node's middle: as near to its neighbours in other layers as the order of its own layer allows. Lanes pull
 * harder than nodes, so that long edges are straight.
 */
export function columns({ layers, below, above }: Layered, count: number, { nodes, lanes }: Distances): number[] {
  const x: number[] = []
  const half = (node: number): number => (node < count ? nodes : lanes) / 2
  const offsets = layers.map((layer) => {
    let sum = 0
    return layer.map((node, i) => (i === 0 ? 0 : (sum += half(layer[i - 1]!) + half(node))))
  })
  layers.forEach((layer, i) => {
    const middle = (offsets[i]!.at(-1) ?? 0) / 2
    layer.forEach((node, j) => (x[node] = offsets[i]![j]! - middle))
  })
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isDown = sweep % 2 === 0
    const indices = layers.map((_, i) => (isDown ? i : layers.length - 1 - i))
    for (const i of indices) {
      const layer = layers[i]!
      const wanted = layer.map((node, j) => median(node) - offsets[i]![j]!)
      const weights = layer.map((node) => (node < count ? 1 : 4))
      const placed = ascending(wanted, weights)
      layer.forEach((node, j) => (x[node] = placed[j]! + offsets[i]![j]!))
    }
    function median(node: number): number {
      const others = (isDown ? above : below)[node]!.map((other) => x[other]!).sort((a, b) => a - b)
      if (others.length === 0) return x[node]!
      return (others[(others.length - 1) >> 1]! + others[others.length >> 1]!) / 2
    }
  }
  return x
}

/**
 * The ascending numbers that are nearest to these, by weighted squares: neighbours that are out of order share their average.
 * Source: pool adjacent violators, M. Ayer et al., An empirical distribution function for sampling with incomplete
 * information (1955).
 */
function ascending(wanted: readonly number[], weights: readonly number[]): number[] {
  const blocks: { value: number; weight: number; length: number }[] = []
  wanted.forEach((value, i) => {
    let block = { value, weight: weights[i]!, length: 1 }
    for (let before = blocks.at(-1); before && before.value >= block.value; before = blocks.at(-1)) {
      blocks.pop()
      const weight = before.weight + block.weight
      const sum = before.value * before.weight + block.value * block.weight
      block = { value: sum / weight, weight, length: before.length + block.length }
    }
    blocks.push(block)
  })
  return blocks.flatMap(({ value, length }) => Array.from({ length }, () => value))
}

import { columns } from './columns.ts'
import { inLayers, type Layered } from './layers.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Where a graph's nodes and edges are drawn, in CSS pixels. */
export interface Layout {
  readonly width: number
  readonly height: number
  /** Upper left corners, by node. */
  readonly nodes: readonly Point[]
  /** Lines with right angles, by edge. */
  readonly edges: readonly (readonly Point[])[]
}

export const nodeSize = { width: 220, height: 44 } as const

const padding = 16
/** Between the layers, beside what the lines there take. */
const gap = 28
/** Of parallel lines. */
const lineDistance = 12

/**
 * Draws a directed graph in layers from top to bottom. It is what models look like: long, narrow, and with few crossings;
 * ELK, which drew them before, was 8 MB of the 19 that an install took.
 *
 * @param edges indices of source and target, by ascending targets; a source comes before its target
 */
export function layOut(count: number, edges: readonly (readonly [number, number])[]): Layout {
  const layered = inLayers(count, edges)
  const middles = columns(layered, count, { nodes: nodeSize.width + 24, lanes: lineDistance })
  const lines = horizontals(layered, edges, middles)

  const tops: number[] = []
  let y = padding
  layered.layers.forEach((_, i) => {
    tops.push(y)
    y += nodeSize.height + gap + lineDistance * Math.max(0, (lines.tracks[i] ?? 0) - 1)
  })
  const left = middles.reduce(
    (least, x, node) => Math.min(least, x - (node < count ? nodeSize.width / 2 : 0)),
    Infinity,
  )
  const shift = padding - left
  const at = (x: number, pointY: number): Point => ({ x: x + shift, y: pointY })
  const layerOf: number[] = []
  layered.layers.forEach((layer, i) => layer.forEach((node) => (layerOf[node] = i)))

  const nodes = middles.slice(0, count).map((x, node) => at(x - nodeSize.width / 2, tops[layerOf[node]!]!))
  let right = middles.reduce((most, x, node) => Math.max(most, x + (node < count ? nodeSize.width / 2 : 0)), -Infinity)
  const routes = layered.ways.map((way, edge) => {
    const [from, to] = [way[0]!, way.at(-1)!]
    const end = lines.ports[edge]!
    const start = tops[layerOf[from]!]! + nodeSize.height
    const points = [at(middles[from]!, start)]
    const isDirect = layerOf[to]! - layerOf[from]! > way.length - 1
    if (isDirect) {
      // Past everything else, at the right.
      right += lineDistance
      points.push(
        at(middles[from]!, start + gap / 4),
        at(right, start + gap / 4),
        at(right, tops[layerOf[to]!]! - gap / 4),
      )
      points.push(at(end, tops[layerOf[to]!]! - gap / 4))
    }
    for (let i = 0; !isDirect && i + 1 < way.length; i++) {
      const node = way[i]!
      const x = i + 2 === way.length ? end : middles[way[i + 1]!]!
      const lineY = tops[layerOf[node]!]! + nodeSize.height + gap / 2 + lineDistance * lines.trackOf.get(node)!
      if (Math.abs(x - middles[node]!) > 0.05) points.push(at(middles[node]!, lineY), at(x, lineY))
    }
    points.push(at(end, tops[layerOf[to]!]!))
    return points
  })
  const isEmpty = count === 0
  return {
    width: isEmpty ? 0 : right - left + 2 * padding,
    height: isEmpty ? 0 : y - gap + padding,
    nodes,
    edges: routes,
  }
}

interface Horizontals {
  /** By edge: where it arrives. */
  readonly ports: readonly number[]
  /** By node or lane: which of the lines below its layer is its own. */
  readonly trackOf: ReadonlyMap<number, number>
  /** By layer: how many lines are below it. */
  readonly tracks: readonly number[]
}

/** Edges arrive side by side, in the order in which they come; lines that would touch get heights of their own. */
function horizontals(
  { layers, ways }: Layered,
  edges: readonly (readonly [number, number])[],
  middles: readonly number[],
): Horizontals {
  const ports: number[] = []
  const arriving = new Map<number, number[]>()
  edges.forEach(([, to], edge) => {
    const all = arriving.get(to) ?? []
    arriving.set(to, all)
    all.push(edge)
  })
  for (const [to, all] of arriving) {
    const distance = Math.min(lineDistance, (nodeSize.width - 24) / all.length)
    const ordered = all.toSorted((a, b) => middles[ways[a]!.at(-2)!]! - middles[ways[b]!.at(-2)!]!)
    ordered.forEach((edge, i) => (ports[edge] = middles[to]! + distance * (i - (all.length - 1) / 2)))
  }

  const reach = new Map<number, [number, number]>()
  ways.forEach((way, edge) => {
    for (let i = 0; i + 1 < way.length; i++) {
      const own = middles[way[i]!]!
      const x = i + 2 === way.length ? ports[edge]! : middles[way[i + 1]!]!
      const [least, most] = reach.get(way[i]!) ?? [own, own]
      reach.set(way[i]!, [Math.min(least, x), Math.max(most, x)])
    }
  })
  const trackOf = new Map<number, number>()
  const tracks = layers.map((layer) => {
    const ends: number[] = []
    const spans = layer.flatMap((node) => (reach.has(node) ? [{ node, span: reach.get(node)! }] : []))
    for (const { node, span } of spans.sort((a, b) => a.span[0] - b.span[0])) {
      const free = ends.findIndex((end) => end + lineDistance / 2 < span[0])
      const track = span[0] === span[1] ? 0 : free < 0 ? ends.length : free
      if (span[0] !== span[1]) ends[track] = span[1]
      trackOf.set(node, track)
    }
    return ends.length
  })
  return { ports, trackOf, tracks }
}

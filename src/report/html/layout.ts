import type { ElkNode } from 'elkjs/lib/elk-api.js'

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

/**
 * Draws a directed graph in layers from top to bottom with ELK. Large graphs get a simpler layout, so that thousands of
 * nodes take seconds.
 *
 * @param edges indices of source and target
 */
export async function layOut(count: number, edges: readonly (readonly [number, number])[]): Promise<Layout> {
  // Loaded where a page is asked for only: it is large.
  const { default: Elk } = await import('elkjs/lib/elk.bundled.js')
  const elk = new Elk.default()
  const graph: ElkNode = await elk.layout({
    id: 'graph',
    layoutOptions: { ...options, ...(count > 500 ? simpleOptions : {}) },
    children: Array.from({ length: count }, (_, i) => ({ id: `n${i}`, ...nodeSize })),
    edges: edges.map(([source, target], i) => ({ id: `e${i}`, sources: [`n${source}`], targets: [`n${target}`] })),
  })
  return {
    width: graph.width ?? 0,
    height: graph.height ?? 0,
    nodes: (graph.children ?? []).map(({ x = 0, y = 0 }) => ({ x, y })),
    edges: (graph.edges ?? []).map(({ sections = [] }) =>
      sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]),
    ),
  }
}

/** Source: ELK's reference of options for the layered algorithm. */
const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.padding': '[top=16,left=16,bottom=16,right=16]',
  'elk.spacing.nodeNode': '24',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
}

const simpleOptions = {
  'elk.layered.thoroughness': '1',
  'elk.layered.crossingMinimization.greedySwitch.type': 'OFF',
  'elk.layered.layering.strategy': 'LONGEST_PATH',
  'elk.layered.nodePlacement.strategy': 'SIMPLE',
}

/** Where on the picture the network's rows look: the centres of its cells, in shares of width and height. */
export interface Anchor {
  readonly x: number
  readonly y: number
}

/** Cells along each side, and rows per cell: feature maps of strides 8 and 16 over 128 pixels. */
const MAPS = [
  { cells: 16, rows: 2 },
  { cells: 8, rows: 6 },
] as const

/**
 * The anchors of all 896 rows of BlazeFace's short-range network, in their order.
 * Source: MediaPipe, modules/face_detection/face_detection_short_range_common.pbtxt (SsdAnchorsCalculator with fixed sizes).
 */
export const anchors: readonly Anchor[] = MAPS.flatMap(({ cells, rows }) =>
  Array.from({ length: cells * cells * rows }, (_, row) => {
    const cell = Math.floor(row / rows)
    return { x: ((cell % cells) + 0.5) / cells, y: (Math.floor(cell / cells) + 0.5) / cells }
  }),
)

/**
 * From strokes to what the network looks at. The page and the training share this file, so that a digit that is drawn and one
 * that is made up become an image in the same way.
 *
 * Where a point is: x from the left, y from the top, in any unit of which the drawing area is one wide. `pressure` is a pen's,
 * 0 to 1; mouse, finger and keyboard have none, and get the 0.5 that a pen has when it is neither pressed nor spared.
 *
 * @typedef {readonly [x: number, y: number, pressure?: number]} Point
 * @typedef {readonly Point[]} Stroke
 */

/** Width and height of the image, in pixels. */
export const side = 28

/** The drawing's longer side, in pixels: what is left is the margin. */
const box = 20

/** Drawings smaller than this are not blown up to the whole box: a tap stays a dot. In units of the drawing area. */
const smallest = 0.1

/** Half the line's width at pressure 0.5, in pixels. It doesn't depend on how large somebody draws. */
const penRadius = 1.2

/**
 * The image of a drawing, f32[28 · 28] by rows, 0 where there is no ink and 1 where it covers a pixel: centred, scaled to a box,
 * lines with soft edges. Empty strokes give an empty image.
 *
 * @param {readonly Stroke[]} strokes
 */
export function rasterise(strokes) {
  const image = new Float32Array(side * side)
  const points = strokes.flat()
  if (points.length === 0) return image
  const [left, right] = range(points.map(([x]) => x))
  const [top, bottom] = range(points.map(([, y]) => y))
  const scale = box / Math.max(right - left, bottom - top, smallest)
  for (const stroke of strokes) {
    const placed = stroke.map(([x, y, pressure = 0.5]) => ({
      x: side / 2 + scale * (x - (left + right) / 2),
      y: side / 2 + scale * (y - (top + bottom) / 2),
      radius: penRadius * (0.5 + pressure),
    }))
    placed.forEach((point, index) => inkLine(image, placed[Math.max(0, index - 1)] ?? point, point))
  }
  return image
}

/** @param {readonly number[]} values @returns {[least: number, most: number]} */
function range(values) {
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity])
}

/**
 * Inks a line with round ends. A pixel's coverage is taken from its centre's distance to the line, exact for straight edges along
 * the grid and close enough for others; where lines meet, the darker one counts.
 *
 * @typedef {{ x: number, y: number, radius: number }} Spot in pixels
 * @param {Float32Array} image @param {Spot} from @param {Spot} to
 */
function inkLine(image, from, to) {
  const reach = Math.max(from.radius, to.radius) + 0.5
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const square = dx * dx + dy * dy
  const firstX = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach))
  const lastX = Math.min(side - 1, Math.floor(Math.max(from.x, to.x) + reach))
  const firstY = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach))
  const lastY = Math.min(side - 1, Math.floor(Math.max(from.y, to.y) + reach))
  for (let row = firstY; row <= lastY; row++) {
    for (let column = firstX; column <= lastX; column++) {
      const [px, py] = [column + 0.5 - from.x, row + 0.5 - from.y]
      const along = square > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / square)) : 0
      const [ex, ey] = [px - along * dx, py - along * dy]
      const distance = Math.sqrt(ex * ex + ey * ey)
      const radius = from.radius + along * (to.radius - from.radius)
      const coverage = Math.min(1, Math.max(0, radius + 0.5 - distance))
      const at = row * side + column
      image[at] = Math.max(image[at] ?? 0, coverage)
    }
  }
}

import { handwriting } from './handwriting.js'

/**
 * Digits as somebody might write them: a way of writing, distorted at random.
 *
 * @typedef {import('../../training-kit/random.js').Random} Random
 * @typedef {[x: number, y: number]} Place
 * @typedef {{ place: Place, sharp: boolean }} Knot
 */

/** Pieces per span of the curve between two knots. */
const pieces = 6

/** Share of hands that write all in straight lines, as arrow keys do. */
const angular = 0.08

/** A drawing of a digit, in a box of about one by one. @param {number} digit @param {Random} random @returns {import('../src/raster.js').Point[][]} */
export function drawDigit(digit, random) {
  const ways = handwriting[digit]
  const { strokes } = ways[random.weighted(ways.map(({ share }) => share))]
  const carelessness = 0.01 + 0.035 * random.uniform()
  const straight = random.chance(angular)
  const paper = distortion(random)
  const pressure = 0.15 + 0.7 * random.uniform()
  return strokes.split('/').map((line) => {
    const knots = line.split(' ').map((text) => knot(text, carelessness, random))
    const path = withOtherEnds(curve(knots, straight), random)
    return inked(path.map(paper), pressure, random)
  })
}

/** @param {string} text `x,y` or `x,y!` @param {number} carelessness @param {Random} random @returns {Knot} */
function knot(text, carelessness, random) {
  const [x, y] = text.replace('!', '').split(',').map(Number)
  return {
    place: [x / 100 + carelessness * random.normal(), y / 100 + carelessness * random.normal()],
    sharp: text.endsWith('!'),
  }
}

/** A Catmull–Rom spline through the knots, broken at the sharp ones. @param {readonly Knot[]} knots @param {boolean} straight */
function curve(knots, straight) {
  const path = [knots[0].place]
  for (let at = 1; at < knots.length; at++) {
    const [from, to] = [knots[at - 1], knots[at]]
    const before = from.sharp || at === 1 ? from : knots[at - 2]
    const after = to.sharp || at === knots.length - 1 ? to : knots[at + 1]
    for (let piece = 1; piece <= pieces; piece++) {
      const t = piece / pieces
      /** @param {0 | 1} axis */
      const along = (axis) =>
        straight
          ? from.place[axis] + t * (to.place[axis] - from.place[axis])
          : spline(before.place[axis], from.place[axis], to.place[axis], after.place[axis], t)
      path.push([along(0), along(1)])
    }
  }
  return path
}

/** From b (t = 0) to c (t = 1): Catmull & Rom 1974, the uniform kind. @param {number} a @param {number} b @param {number} c @param {number} d @param {number} t */
function spline(a, b, c, d, t) {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
}

/** Pens start early or late, and stop likewise: each end is drawn out or cut off. @param {Place[]} path @param {Random} random */
function withOtherEnds(path, random) {
  for (let end = 0; end < 2; end++) {
    const change = 0.04 * random.normal()
    if (change > 0) {
      const [last, before] = [path[path.length - 1], path[path.length - 2]]
      const length = distance(last, before) || 1
      path.push([
        last[0] + (change * (last[0] - before[0])) / length,
        last[1] + (change * (last[1] - before[1])) / length,
      ])
    } else {
      for (let cut = -change; path.length > pieces && cut > 0;)
        cut -= distance(path[path.length - 2], path.pop() ?? path[0])
    }
    path.reverse()
  }
  return path
}

/** @param {Place} a @param {Place} b */
function distance(a, b) {
  const [dx, dy] = [a[0] - b[0], a[1] - b[1]]
  return Math.sqrt(dx * dx + dy * dy)
}

/** How a hand bends the whole digit: proportions, slant, turn, and halves of different size. @param {Random} random */
function distortion(random) {
  const width = 0.55 + 0.75 * random.uniform()
  const slant = 0.05 + 0.18 * random.normal()
  const turn = 0.08 * random.normal()
  const bow = 0.12 * random.normal()
  const waist = 0.2 * random.normal()
  const lean = 0.15 * random.normal()
  /** @param {Place} place @returns {Place} */
  return ([x, y]) => {
    const tall = y + waist * y * (1 - y) - 0.5
    const wide = width * (x + lean * x * (1 - x) - 0.5) + bow * tall * tall - slant * tall
    return [wide - turn * tall, tall + turn * wide]
  }
}

/** A path with the trembling and the pressure of a pen. @param {readonly Place[]} path @param {number} pressure @param {Random} random */
function inked(path, pressure, random) {
  const tremor = 0.006 * random.uniform()
  const [wander, start] = [0.12 * random.uniform(), 0.2 * random.normal()]
  const [x, y] = [smoothNoise(tremor, random), smoothNoise(tremor, random)]
  const force = smoothNoise(wander, random)
  return path.map(([px, py], index) => {
    const pressed = pressure + force() + start * (index / path.length - 0.5)
    return /** @type {const} */ ([px + x(), py + y(), Math.min(1, Math.max(0, pressed))])
  })
}

/** Noise whose steps have this deviation and that comes back to zero. @param {number} deviation @param {Random} random */
function smoothNoise(deviation, random) {
  let value = 0
  return () => (value = 0.85 * value + deviation * random.normal())
}

import { Random } from '../../training-kit/random.js'
import { rasterise } from '../src/raster.js'
import { drawDigit } from './strokes.js'

/**
 * @typedef {{ digit: number, strokes: readonly import('../src/raster.js').Stroke[] }} Drawing
 */

/** Digits that no training saw, as many of each. @param {{ seed: number, digits: number }} heldOut @returns {Drawing[]} */
export function heldOutDigits({ seed, digits }) {
  const random = new Random(seed)
  return Array.from({ length: digits }, (_, nth) => ({ digit: nth % 10, strokes: drawDigit(nth % 10, random) }))
}

/**
 * Drawings that are taken for what they are.
 *
 * @param {import('./network.js').Network} network @param {readonly Drawing[]} drawings
 */
export function recognised(network, drawings) {
  return drawings.filter(({ digit, strokes }) => {
    const probabilities = network.forward(rasterise(strokes))
    return probabilities.indexOf(Math.max(...probabilities)) === digit
  }).length
}

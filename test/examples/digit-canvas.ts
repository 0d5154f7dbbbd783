import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export const example = resolve('examples/digit-canvas')

/** Lines of points, in units of the drawing area. */
export type Strokes = readonly (readonly (readonly [x: number, y: number, pressure?: number])[])[]

/** The example is JavaScript of its own, which these tests' compiler settings don't cover. */
const load = async (file: string): Promise<unknown> => import(pathToFileURL(join(example, file)).href)

export const { rasterise } = (await load('src/raster.js')) as { rasterise: (strokes: Strokes) => Float32Array }

export const { handMade } = (await load('training/hand-made.js')) as {
  handMade: readonly { readonly digit: number; readonly strokes: Strokes }[]
}

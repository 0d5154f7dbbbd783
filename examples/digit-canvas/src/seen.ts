import { side } from './raster.js'

/** Shows an image of `rasterise` in the canvas's text colour. */
export function show(image: Float32Array, canvas: HTMLCanvasElement): void {
  const context = canvas.getContext('2d')
  if (!context) return
  context.clearRect(0, 0, side, side)
  context.fillStyle = getComputedStyle(canvas).color
  image.forEach((ink, at) => {
    context.globalAlpha = ink
    if (ink > 0) context.fillRect(at % side, Math.floor(at / side), 1, 1)
  })
}

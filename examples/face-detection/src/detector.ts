// Its weights are float16 in the file, so they lose nothing by being so in the module, which is half as large.
import model from '../face_detection_short_range.tflite?weights=f16'
import { type Face, facesOf, SIDE } from './faces.ts'

/** MediaPipe's face detector, loaded, with what it needs to look at a picture. */
export class Detector {
  readonly target: string = model.target
  private readonly bound = model.bind()
  private readonly small = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true })!

  /** Rejects where the module can't be had, or can't run here. */
  static async load(): Promise<Detector> {
    await model.load()
    return new Detector()
  }

  /** Faces on a square picture. */
  find(picture: CanvasImageSource): Face[] {
    this.small.drawImage(picture, 0, 0, SIDE, SIDE)
    const { data } = this.small.getImageData(0, 0, SIDE, SIDE)
    const { input } = this.bound.inputs
    // Red, green and blue from -1 to 1; the network has no use for transparency.
    for (let from = 0, to = 0; from < data.length; from += 4)
      for (let colour = 0; colour < 3; colour++) input.data[to++] = data[from + colour]! / 127.5 - 1
    this.bound.run()
    const { regressors, classificators } = this.bound.outputs
    return facesOf(regressors.data, classificators.data)
  }
}

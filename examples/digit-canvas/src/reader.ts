import model from '../digit.onnx'

export interface Reading {
  /** The likeliest digit. */
  readonly digit: number
  /** Of the ten digits, in order; they sum to 1. */
  readonly probabilities: readonly number[]
}

/** The network, loaded. Its shapes are fixed, so it is bound to buffers once: a run copies and allocates nothing. */
export class Reader {
  readonly target: string = model.target
  readonly compiler: string = model.compiler.name
  /** How long the module took to come and to be compiled by the browser, in milliseconds. */
  readonly loadMs: number
  private readonly bound = model.bind()

  private constructor(loadMs: number) {
    this.loadMs = loadMs
  }

  /** Rejects where the module can't be had, or can't run here. */
  static async load(): Promise<Reader> {
    const start = performance.now()
    await model.load()
    return new Reader(performance.now() - start)
  }

  /** @param image as `rasterise` makes it */
  read(image: Float32Array): Reading {
    this.bound.inputs.image.data.set(image)
    this.bound.run()
    const probabilities = [...this.bound.outputs.probabilities.data]
    return { digit: probabilities.indexOf(Math.max(...probabilities)), probabilities }
  }

  /** Runs once more on the same image, for the clock. */
  runAgain(): void {
    this.bound.run()
  }
}

/** Adam, with the settings its paper proposes: Kingma & Ba 2015, algorithm 1. */
export class Adam {
  #decay1 = 0.9
  #decay2 = 0.999
  #correction1 = 1
  #correction2 = 1

  /** @param {readonly import('./layers.js').Parameter[]} parameters */
  constructor(parameters) {
    this.slots = parameters.map((parameter) => ({
      parameter,
      moment1: new Float64Array(parameter.values.length),
      moment2: new Float64Array(parameter.values.length),
    }))
  }

  /** One step along the mean gradient of `rows` rows; clears the gradients. @param {number} rate @param {number} rows */
  step(rate, rows) {
    this.#correction1 *= this.#decay1
    this.#correction2 *= this.#decay2
    for (const { parameter, moment1, moment2 } of this.slots) {
      const { values, gradient } = parameter
      for (let i = 0; i < values.length; i++) {
        const slope = gradient[i] / rows
        moment1[i] += (1 - this.#decay1) * (slope - moment1[i])
        moment2[i] += (1 - this.#decay2) * (slope * slope - moment2[i])
        const mean = moment1[i] / (1 - this.#correction1)
        const deviation = Math.sqrt(moment2[i] / (1 - this.#correction2))
        values[i] -= (rate * mean) / (deviation + 1e-8)
      }
      gradient.fill(0)
    }
  }
}

/** All that decides the model: the same numbers give the same `digit.onnx`, byte for byte. */
export const recipe = {
  /** Seed of the start weights and of the digits to learn from. */
  seed: 1,
  /** Digits to learn from. Each is drawn once and never seen again. */
  digits: 64_000,
  /** Digits per step. */
  batch: 32,
  /** Adam's step size at the beginning; it falls linearly to zero. */
  rate: 0.004,
  /** Seed and number of the digits that are held out. */
  heldOut: { seed: 2, digits: 10_000 },
}

/** All that decides the model: the same numbers give the same `fraud.onnx`, byte for byte. */
export const recipe = {
  /** Seed of the simulated transactions. */
  transactions: 20,
  /** Seed of the start weights and of the order of the transactions. */
  seed: 26,
  epochs: 6,
  /** Transactions per step. */
  batch: 64,
  /** Adam's step size at the beginning. */
  rate: 0.005,
}

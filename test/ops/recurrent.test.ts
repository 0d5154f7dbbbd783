import { expect, test } from 'vitest'
import { close, f32, runCases } from './harness.ts'

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const leaky = (x: number, alpha: number): number => (x < 0 ? alpha * x : x)

test('activations that take no parameter leave those of the list to the next', async () => {
  // One step, one unit, no recurrence: an RNN is f(w x), a GRU (1 - f(wz x)) g(wh x), an LSTM f(wo x) h(f(wi x) g(wc x)).
  const x = f32([-2], [1, 1, 1])
  const zeros = (gates: number): ReturnType<typeof f32> => f32(Array<number>(gates).fill(0), [1, gates, 1])
  const attributes = { hidden_size: 1n }
  const [rnn, gru, lstm] = await runCases([
    {
      op: 'RNN',
      inputs: [x, f32([1, 1], [2, 1, 1]), f32([0, 0], [2, 1, 1])],
      attributes: {
        ...attributes,
        direction: 'bidirectional',
        activations: ['Relu', 'LeakyRelu'],
        activation_alpha: [0.3],
      },
    },
    {
      op: 'GRU',
      inputs: [x, f32([0.5, 1, 1.5], [1, 3, 1]), zeros(3)],
      attributes: { ...attributes, activations: ['Sigmoid', 'LeakyRelu'], activation_alpha: [0.3] },
    },
    {
      op: 'LSTM',
      inputs: [x, f32([0.5, 0.25, 1, 1.5], [1, 4, 1]), zeros(4)],
      attributes: {
        ...attributes,
        activations: ['Sigmoid', 'Affine', 'LeakyRelu'],
        activation_alpha: [2, 0.3],
        activation_beta: [0.1],
      },
    },
  ])
  expect(close(rnn![0]!.values, [0, leaky(-2, 0.3)])).toBe(true)
  expect(close(gru![0]!.values, [(1 - sigmoid(-1)) * leaky(-3, 0.3)])).toBe(true)
  expect(close(lstm![0]!.values, [sigmoid(-0.5) * leaky(sigmoid(-1) * (2 * -3 + 0.1), 0.3)])).toBe(true)
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted, convertedModel } from './convert.ts'

// What Keras writes and TensorFlow.js doesn't, or computes otherwise.

interface Weight {
  readonly name: string
  readonly shape: readonly number[]
}
type Reference = readonly [layer: string, call: number, index: number, kwargs: object]
interface Layer {
  readonly inbound_nodes: readonly (readonly Reference[])[]
}
interface Golden {
  readonly name: string
  readonly weights: string
  readonly model: {
    readonly modelTopology: { readonly class_name: string; readonly config: { readonly layers: readonly Layer[] } }
    readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly Weight[] }[]
  }
}

const goldens = JSON.parse(readFileSync(new URL('goldens/layers.json', import.meta.url), 'utf8')) as Golden[]
const golden = (name: string): Golden => goldens.find((one) => one.name === name) ?? expect.fail(name)
const filesOf = ({ weights }: Golden) => ({ 'w.bin': Uint8Array.from(Buffer.from(weights, 'base64')) })

describe('other ways to write the same model', () => {
  const same = (name: string, change: (model: Golden['model']) => object): void => {
    const one = golden(name)
    const files = filesOf(one)
    expect(converted({ ...one.model, ...change(one.model) }, files)).toEqual(converted(one.model, files))
  }
  const renamed = (rename: (name: string) => string) => ({ weightsManifest }: Golden['model']) => ({
    weightsManifest: weightsManifest.map(({ paths, weights }) => ({ paths, weights: weights.map((weight) => ({ ...weight, name: rename(weight.name) })) })), // prettier-ignore
  }) // prettier-ignore

  it('as Keras puts it into a SavedModel', () =>
    same('conv2d, flatten, dense', ({ modelTopology }) => ({
      modelTopology: { keras_version: '2.15.0', backend: 'tensorflow', model_config: modelTopology },
    })))
  it('weights of a cell', () =>
    same(
      'lstm, sequence',
      renamed((name) => name.replace('/', '/lstm_cell_1/')),
    ))
  it('weights in a model', () =>
    same(
      'residual block',
      renamed((name) => `model_3/${name}:0`),
    ))
  it('weights by number, as Keras 3 has them', () =>
    same('conv2d, flatten, dense', renamed((name) => `layers/${name.replace('kernel', 'vars/0').replace('bias', 'vars/1')}`))) // prettier-ignore
  it('calls by keyword and history, as Keras 3 has them', () =>
    same('residual block', ({ modelTopology }) => {
      const tensor = ([layer, call, index]: Reference) => ({ class_name: '__keras_tensor__', config: { shape: [null], dtype: 'float32', keras_history: [layer, call, index] } }) // prettier-ignore
      const layers = modelTopology.config.layers.map((layer) => ({
        ...layer,
        inbound_nodes: layer.inbound_nodes.map((inputs) => {
          const args = inputs.map(tensor)
          return { args: args.length === 1 ? args : [args], kwargs: { training: false } }
        }),
      }))
      return { modelTopology: { ...modelTopology, class_name: 'Functional', config: { ...modelTopology.config, layers } } } // prettier-ignore
    }))
  it('names of layers with slashes, as DenseNet has them', () => {
    const one = golden('conv2d, flatten, dense')
    const { layers } = one.model.modelTopology.config as unknown as { layers: { config: { name: string } }[] }
    const names = layers.map(({ config }) => config.name)
    const slashed = (text: string): string => names.reduce((all, name) => all.replaceAll(`"${name}`, `"block/${name}`), text) // prettier-ignore
    const { graph } = convertedModel(slashed(JSON.stringify(one.model)), filesOf(one))
    expect(graph.nodes).toHaveLength(convertedModel(one.model, filesOf(one)).graph.nodes.length)
  })
  it('weights that no layer takes are no weights of it', () => {
    const one = golden('lstm, sequence')
    const rest = { ...one.model, ...renamed((name) => name.replace('bias', 'other'))(one.model) }
    expect(() => converted(rest, filesOf(one))).toThrow(/has no weight "bias"/)
    const without = JSON.stringify(one.model).replace('"use_bias":true', '"use_bias":false')
    expect(() => converted(without, filesOf(one))).toThrow(/has weights that no layer takes: ".*bias"/)
  })
})

/** Runs a model of one layer. */
async function run(
  kind: string,
  config: object,
  shape: readonly number[],
  x: readonly number[],
  weights: readonly (readonly [name: string, shape: readonly number[], values: readonly number[]])[],
) {
  // prettier-ignore
  const layer = { class_name: kind, config: { name: 'l', batch_input_shape: [null, ...shape.slice(1)], ...config } }
  const manifest = [{ paths: ['w.bin'], weights: weights.map(([name, sizes]) => ({ name: `l/${name}`, shape: sizes, dtype: 'float32' })) }] // prettier-ignore
  const file = { modelTopology: { class_name: 'Sequential', config: { name: 'm', layers: [layer] } }, weightsManifest: manifest } // prettier-ignore
  const bytes = new Uint8Array(Float32Array.from(weights.flatMap(([, , values]) => values)).buffer)
  const model = await compileBytes(converted(file, { 'w.bin': bytes }), 3)
  const result = model.runSync({ l_input: toRuntime(tensorFrom('float32', shape, x)) })
  return tensorNumbers(fromRuntime(result['l']!))
}

const near = (given: readonly number[], expected: readonly number[]): void => {
  expect(given).toHaveLength(expected.length)
  given.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))
}

it('a GRU that resets after its product, as Keras has it by default', async () => {
  const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value))
  const [w, u, b, r] = [[0.5, -1, 2], [0.25, 0.75, -0.5], [0.1, 0.2, 0.3], [-0.2, 0.4, 0.6]] as const // prettier-ignore
  const xs = [1, -0.5, 2]
  let h = 0
  for (const x of xs) {
    const [z, reset] = [0, 1].map((gate) => sigmoid(x * w[gate]! + b[gate]! + h * u[gate]! + r[gate]!)) as [number, number] // prettier-ignore
    const next = Math.tanh(x * w[2] + b[2] + reset * (h * u[2] + r[2]))
    h = z * h + (1 - z) * next
  }
  const config = { units: 1, reset_after: true, activation: 'tanh', recurrent_activation: 'sigmoid' }
  const weights = [
    ['kernel', [1, 3], w],
    ['recurrent_kernel', [1, 3], u],
    ['bias', [2, 3], [...b, ...r]],
  ] as const
  near(await run('GRU', config, [1, 3, 1], xs, weights), [h])
})

it('a causal convolution takes no later step', async () => {
  const config = { filters: 1, kernel_size: [2], padding: 'causal', dilation_rate: [2], strides: [1], use_bias: false }
  near(await run('Conv1D', config, [1, 4, 1], [1, 2, 3, 4], [['kernel', [2, 1, 1], [10, 1]]]), [1, 2, 13, 24])
})

it('batch normalisation of an axis that is not the last', async () => {
  const weights = [['gamma', [2], [2, 1]], ['beta', [2], [0, 1]], ['moving_mean', [2], [1, 2]], ['moving_variance', [2], [4, 1]]] as const // prettier-ignore
  const x = [1, 3, 5, 2, 3, 4]
  near(await run('BatchNormalization', { axis: [1], epsilon: 0 }, [1, 2, 3], x, weights), [0, 2, 4, 1, 2, 3])
})

describe('both directions', () => {
  const [w, v] = [2, 3]
  const rnn = (name: string, backwards: boolean, more = {}) => ({ class_name: 'SimpleRNN', config: { name, units: 1, activation: 'relu', use_bias: false, return_sequences: true, go_backwards: backwards, ...more } }) // prettier-ignore
  /** h = x + h · u, forwards and then backwards; the columns of [steps, 2] are what both give. */
  const both = (config: object, back = 'backward_r') =>
    run('Bidirectional', { merge_mode: 'concat', ...config }, [1, 3, 1], [1, 10, 100], [
      ['forward_r/kernel', [1, 1], [1]],
      ['forward_r/recurrent_kernel', [1, 1], [w]],
      [`${back}/kernel`, [1, 1], [1]],
      [`${back}/recurrent_kernel`, [1, 1], [v]],
    ]) // prettier-ignore

  it('of a layer that goes backwards, the other way round', async () => {
    near(await both({ layer: rnn('r', false) }), [1, 931, 12, 310, 124, 100])
    // Steps from the last: 100, 210, 421; what comes from the first on is turned.
    near(await both({ layer: rnn('r', true) }), [100, 139, 210, 13, 421, 1])
  })

  it('the second of which has settings of its own', async () => {
    const clipped = rnn('s', true, { activation: 'tanh' })
    const layer = rnn('r', false)
    near(await both({ layer, backward_layer: clipped }, 'backward_s'), [1, Math.tanh(4), 12, 1, 124, 1])
    await expect(both({ layer, backward_layer: rnn('s', false) }, 'backward_s')).rejects.toThrow('two layers of one direction') // prettier-ignore
  })
})

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readNpy } from '../../../src/cli/data/npy.ts'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { elementsOf, tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted, convertedModel } from './convert.ts'

// Real files, against what TensorFlow Lite's own reference kernels gave for them (../shared/front-ends/README.md).

const folder = fileURLToPath(new URL('../../../../shared/front-ends/', import.meta.url))
const isThere = existsSync(folder)
if (!isThere) console.log('skipped: ../shared/front-ends is not here')

interface Golden {
  readonly name: string
  /** How far an output may be from the golden: of codes in steps. */
  readonly within: number
  readonly signature?: string
}

const goldens: readonly Golden[] = [
  { name: 'face_detection_short_range', within: 1e-4 },
  { name: 'ff_gemma_block', within: 1e-5 },
  { name: 'l2_norm_composite', within: 1e-6 },
  { name: 'mnist_lstm', within: 1e-6 },
  { name: 'micro_speech_quantized', within: 0 },
  { name: 'dtln_noise_suppression', within: 0 },
  { name: 'multi_signature', within: 1e-6, signature: 'add' },
  { name: 'deeplabv3_dm05_uint8', within: 0 },
  // Boxes, classes and scores in their order, the count, and the state.
  { name: 'traffic_ssd_postprocess', within: 1e-6 },
]

function file(name: string): Uint8Array {
  return readFileSync(join(folder, `${name}.tflite`))
}

function golden(name: string, which: string): Tensor | undefined {
  const path = join(folder, 'golden', name, `${which}.npy`)
  return existsSync(path) ? readNpy(readFileSync(path), path) : undefined
}

describe.skipIf(!isThere)('goldens', () => {
  it.each(goldens)(
    '$name',
    async ({ name, within, signature }) => {
      const bytes = file(name)
      const options = signature === undefined ? {} : { signature }
      const { graph } = convertedModel(bytes, options)
      const model = await compileBytes(converted(bytes, options), 3)
      const feeds = graph.inputs.map(({ name: input, type }, i) => {
        const given = golden(name, `in${i}`)
        if (given) return [input, toRuntime(given)] as const
        const dims = type?.kind === 'tensor' ? (type.shape as number[]) : []
        return [input, toRuntime(tensorFrom('float32', dims, new Float32Array(elementsOf(dims))))] as const
      })
      const results = model.runSync(Object.fromEntries(feeds))
      for (const [i, { name: output }] of graph.outputs.entries()) {
        const wanted = golden(name, `out${i}`)
        if (!wanted) continue
        const given = fromRuntime(results[output]!)
        expect(given.dims).toEqual(wanted.dims)
        const values = tensorNumbers(given)
        const expected = tensorNumbers(wanted)
        const far = expected.filter((value, at) => !(Math.abs(value - values[at]!) <= within)).length
        expect([output, far]).toEqual([output, 0])
      }
    },
    300_000,
  )

  it.each([
    ['posenet_customop', 'MODEL_UNSUPPORTED', 'custom operator PosenetDecoderOp'],
    ['selfie_segmentation', 'MODEL_UNSUPPORTED', 'custom operator Convolution2DTransposeBias'],
    ['blockwise_quantized', 'MODEL_UNSUPPORTED', 'a tensor "quantized_tensor" that is quantised by blocks'],
    ['multi_signature', 'MODEL_SIGNATURE', 'has several signatures: '],
  ])('%s is refused: %s', (name, code, text) => {
    const bytes = file(name)
    const error = { name: 'ModelError', code, message: expect.stringContaining(text) }
    expect(() => converted(bytes)).toThrow(expect.objectContaining(error))
  })

  it.each(['posenet_customop', 'selfie_segmentation', 'blockwise_quantized'])('%s is refused within 100 ms', (name) => {
    const bytes = file(name)
    const times = [0, 1, 2].map(() => {
      const started = performance.now()
      expect(() => converted(bytes)).toThrow(/not read|by blocks/)
      return performance.now() - started
    })
    expect(Math.min(...times)).toBeLessThan(100)
  })

  it('every other file converts', () => {
    const refused = ['posenet_customop', 'selfie_segmentation', 'blockwise_quantized']
    const names = readdirSync(folder).flatMap((name) => (name.endsWith('.tflite') ? [name.slice(0, -7)] : []))
    for (const name of names.filter((one) => !refused.includes(one))) {
      const options = name === 'multi_signature' ? { signature: 'add' } : {}
      expect(() => converted(file(name), options), name).not.toThrow()
    }
    expect(names.length).toBeGreaterThanOrEqual(15)
  })

  it('a signature that is not there is told with those that are', () => {
    const message = expect.stringContaining('has no signature "ad". It has "')
    const convert = () => converted(file('multi_signature'), { signature: 'ad' })
    expect(convert).toThrow(expect.objectContaining({ code: 'MODEL_SIGNATURE', message })) // prettier-ignore
  })

  it.each([
    ['mobilenet_v1_0.25_128_quant', 2],
    ['mobilenet_v2_224_int8', 2],
    ['person_detect', 2],
  ])('%s: channels stay last, but for %i Transposes', (name, most) => {
    const transposes = convertedModel(file(name)).graph.nodes.filter(({ op }) => op === 'Transpose')
    expect(transposes.length).toBeLessThanOrEqual(most)
  })
})

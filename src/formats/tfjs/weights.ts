import type { ElementType } from '../../onnx/element-type.ts'
import { halfNumbers } from '../../onnx/half.ts'
import type { Tensor } from '../../onnx/model.ts'
import { quote, type Reading, type Site } from '../../onnx/reading.ts'
import { elementsOf, tensorFrom } from '../../onnx/tensor.ts'
import type { Json } from './json.ts'

/** Bytes of an element as it lies in a shard; text has a length before each. */
const stored: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
  complex64: 8,
}

/** Element types of a manifest; all integers are int32 to TensorFlow.js. */
const types = ['float32', 'int32', 'bool', 'complex64', 'string'] as const satisfies readonly ElementType[]

type WeightType = (typeof types)[number]

/**
 * All weights of a manifest by name (tfjs-core io/types.ts `WeightsManifestConfig`, io_utils.ts `decodeWeights`). A group's shards
 * are one run of bytes, in which its weights lie one behind the other; one may reach from a shard into the next.
 * Shards are files beside the model, of which the rules for ONNX's external data hold.
 *
 * @throws ModelError `MODEL_EXTERNAL_DATA`, `MODEL_TENSOR`
 */
export function readWeights(manifest: Json, reading: Reading): Map<string, Tensor> {
  const weights = new Map<string, Tensor>()
  for (const [i, group] of manifest.list().entries()) {
    const shards = group
      .at('paths')
      .list()
      .map((path) => path.text())
    const bytes = joined(shards, reading.site(`weight group ${i}`))
    let at = 0
    for (const entry of group.at('weights').list()) {
      const name = entry.at('name').text()
      const site = reading.site(`weight ${quote(name)}`)
      if (weights.has(name)) site.fail('MODEL_GRAPH', 'is in the manifest twice. Save the model again.')
      const { tensor, end } = readWeight(entry.within(site), bytes, at, shards)
      weights.set(name, tensor)
      at = end
    }
    if (at !== bytes.length)
      reading
        .site(`weight group ${i}`)
        .fail(
          'MODEL_TENSOR',
          `has ${bytes.length} bytes in ${shards.map(quote).join(', ')}, of which its weights take ${at}. The files belong to another model: download them again.`,
        )
  }
  return weights
}

function joined(shards: readonly string[], site: Site): Uint8Array {
  const { external } = site.reading
  if (!external)
    return shards.length === 0
      ? new Uint8Array()
      : site.fail('MODEL_EXTERNAL_DATA', 'is in other files, which are not read here. Give the path of the model file.')
  const parts = shards.map((shard) => external.contents(shard, site))
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))
}

function readWeight(
  entry: Json,
  bytes: Uint8Array,
  at: number,
  shards: readonly string[],
): { readonly tensor: Tensor; readonly end: number } {
  const { site } = entry
  const dims = entry
    .at('shape')
    .list()
    .map((size) => size.integer())
  if (dims.some((size) => size < 0)) entry.at('shape').wrong('sizes from zero on')
  site.bound('rank', dims.length, `${dims.length} dimensions`)
  const count = elementsOf(dims)
  site.bound('elements', count, `${count} elements`)
  const named = entry.at('dtype').text()
  const type = types.find((known) => known === named) ?? entry.at('dtype').wrong(`one of ${types.join(', ')}`)
  const beyond = (end: number): never =>
    site.fail(
      'MODEL_TENSOR',
      `of shape [${dims.join(', ')}] and type ${type} needs bytes ${at} to ${end} of ${shards.map(quote).join(', ') || 'no files'}, which have ${bytes.length}. A file is truncated or of another model: download it again.`,
    )
  if (type === 'string') return readTexts(bytes, at, dims, beyond)

  const quantization = entry.at('quantization')
  const storage = quantization.isThere ? quantization.at('dtype').text() : type
  if (quantization.isThere && !['uint8', 'uint16', 'float16'].includes(storage))
    quantization.at('dtype').wrong('uint8, uint16 or float16')
  const end = at + count * stored[storage]!
  if (end > bytes.length) beyond(end)
  const raw = bytes.subarray(at, end)
  site.use('tensorBytes', count * stored[type]!)
  return {
    tensor: quantization.isThere ? dequantized(raw, storage, quantization, type, dims) : { type, dims, data: raw },
    end,
  }
}

/** real = code · scale + min, rounded to the nearest for integers. */
function dequantized(
  raw: Uint8Array,
  storage: string,
  quantization: Json,
  type: WeightType,
  dims: readonly number[],
): Tensor {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const count = elementsOf(dims)
  const codes = Uint16Array.from({ length: count }, (_, i) =>
    storage === 'uint8' ? view.getUint8(i) : view.getUint16(2 * i, true),
  )
  if (type !== 'float32' && type !== 'int32')
    quantization.wrong('left out of a weight that is neither float32 nor int32')
  if (storage === 'float16') return tensorFrom('float32', dims, halfNumbers(codes))
  const [scale, least] = [quantization.at('scale').number(), quantization.at('min').number()]
  const reals = Float64Array.from(codes, (code) => code * scale + least)
  if (type === 'float32') return tensorFrom(type, dims, reals)
  const integers = reals.map(Math.round)
  if (integers.some((value) => value !== value << 0)) quantization.wrong('a scale and a least value that make int32')
  return tensorFrom(type, dims, integers)
}

/** Each text after its length, uint32. */
function readTexts(
  bytes: Uint8Array,
  from: number,
  dims: readonly number[],
  beyond: (end: number) => never,
): { readonly tensor: Tensor; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const strings: string[] = []
  let at = from
  for (let count = elementsOf(dims); count > 0; count--) {
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : beyond(at + 4)
    if (end > bytes.length) beyond(end)
    strings.push(new TextDecoder().decode(bytes.subarray(at + 4, end)))
    at = end
  }
  return { tensor: { type: 'string', dims, data: new Uint8Array(), strings }, end: at }
}

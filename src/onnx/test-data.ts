import { onnx } from './generated/onnx.js'
import type { ReadOptions } from './limits.ts'
import type { Tensor, TypeInfo } from './model.ts'
import { Reading, type Site } from './reading.ts'
import { readTensor } from './tensor-proto.ts'

export interface DecodeValueOptions extends ReadOptions {
  /** What to call the file in messages. */
  readonly path?: string
}

/** A tensor, the tensors of a sequence, or nothing: an optional without an element. */
export type TestValue = Tensor | readonly Tensor[] | undefined

/** Decodes a serialised `TensorProto`, e.g. `input_0.pb` of a backend test. */
export function decodeTensor(bytes: Uint8Array, options: DecodeValueOptions = {}): Tensor {
  const site = fileSite(options)
  const proto = site.message(bytes, (reader) => onnx.TensorProto.decode(reader))
  return readTensor(proto, site.reading.named('the tensor', proto.name))
}

/**
 * Decodes what a `.pb` file of a backend test holds for a value of `type`: a tensor, the tensors of a sequence,
 * or `undefined` for an empty optional. Maps, sequences of sequences and sparse values are errors.
 */
export function decodeValue(bytes: Uint8Array, type: TypeInfo, options: DecodeValueOptions = {}): TestValue {
  const site = fileSite(options)
  switch (type.kind) {
    case 'tensor':
      return decodeTensor(bytes, options)
    case 'sequence':
      return readSequence(
        site.message(bytes, (reader) => onnx.SequenceProto.decode(reader)),
        site,
      )
    case 'optional':
      return readOptional(
        site.message(bytes, (reader) => onnx.OptionalProto.decode(reader)),
        site,
      )
    case 'map':
      return site.fail('MODEL_TYPE', 'holds a map, which this package does not read.')
  }
}

/** Values of `SequenceProto.DataType` and `OptionalProto.DataType` that we read; 0 says nothing. */
const contents = { undefined: 0, tensor: 1, sequence: 3 }

function readSequence(proto: onnx.SequenceProto, site: Site): Tensor[] {
  const kind = proto.elemType ?? contents.undefined
  if (kind !== contents.undefined && kind !== contents.tensor) {
    site.fail(
      'MODEL_TYPE',
      `holds a sequence of something else than tensors (elem_type ${kind}), which this package does not read.`,
    )
  }
  return proto.tensorValues.map((tensor, i) => readTensor(tensor, site.part(`tensor ${i} of the sequence`)))
}

function readOptional(proto: onnx.OptionalProto, site: Site): TestValue {
  const kind = proto.elemType ?? contents.undefined
  if (proto.tensorValue) return readTensor(proto.tensorValue, site.part('the optional tensor'))
  if (proto.sequenceValue) return readSequence(proto.sequenceValue, site)
  if (!Object.values(contents).includes(kind)) {
    site.fail('MODEL_TYPE', `holds an optional with elem_type ${kind}, which this package does not read.`)
  }
  return undefined
}

function fileSite(options: DecodeValueOptions): Site {
  return new Reading(options.path ?? 'value.pb', options).site('the file')
}

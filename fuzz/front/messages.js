import { defaultLimits } from '../../dist/onnx/limits.js'
import { onnx } from '../../dist/onnx/generated/onnx.js'
import { floatValues, int64Values, WireReader, WireWriter } from '../../dist/onnx/wire.js'

// ONNX files as trees of protobuf messages, which mutations change in place. Not through our own reader and writer: those
// don't let wrong models through.

export { onnx }

/** Scalars in arrays that `placesIn` lists one by one. */
const MOST_SCALARS = 8

export function decodeMessage(bytes) {
  const message = onnx.ModelProto.decode(new WireReader(bytes, defaultLimits))
  unpack(message)
  return message
}

/** @throws where a mutation left what protobuf can't express */
export function encodeMessage(message) {
  return onnx.ModelProto.encode(message, new WireWriter()).finish()
}

/** A deep copy; bytes are shared, so that mutations replace them. */
export function copyOf(value) {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(copyOf)
  const copy = Object.create(Object.getPrototypeOf(value))
  for (const key of Object.keys(value)) copy[key] = copyOf(value[key])
  return copy
}

/** All places that hold a value, as `[holder, key]`; of long lists of scalars only some. */
export function placesIn(message, found = []) {
  for (const key of Object.keys(message)) {
    const value = message[key]
    if (value === null || value === undefined) continue
    if (Array.isArray(message) && typeof value !== 'object' && Number(key) >= MOST_SCALARS) break
    found.push([message, key])
    if (typeof value === 'object' && !(value instanceof Uint8Array)) placesIn(value, found)
  }
  return found
}

/** All messages of a class, such as `onnx.NodeProto`, in subgraphs and functions, too. */
export function messagesOf(message, Class, found = []) {
  if (message instanceof Class) found.push(message)
  for (const value of Object.values(message)) {
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) continue
    if (Array.isArray(value) && typeof value[0] !== 'object') continue
    messagesOf(value, Class, found)
  }
  return found
}

/** Makes a message of a class with some fields. */
export function make(Class, fields) {
  return Object.assign(new Class(), fields)
}

/** Our reader leaves packed runs of scalars as bytes; the writer wants values. */
function unpack(message) {
  for (const [key, value] of Object.entries(message)) {
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) continue
    const isPacked = Array.isArray(value) && /^(?:dims|ints|floats|\w+Data)$/.test(key) && key !== 'stringData'
    if (isPacked && value.some((item) => item instanceof Uint8Array)) message[key] = scalars(key, value)
    else unpack(value)
  }
}

function scalars(key, items) {
  if (key === 'floats' || key === 'floatData') return floatValues(items, defaultLimits)
  if (key === 'doubleData') {
    return items.flatMap((item) =>
      typeof item === 'number' ? item : [...new Float64Array(Uint8Array.from(item).buffer)],
    )
  }
  const values = int64Values(items, defaultLimits)
  return key === 'int32Data' ? values.map(Number) : values
}

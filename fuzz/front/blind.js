import { copyOf, make, onnx, placesIn } from './messages.js'
import { floats, integers, strings } from './values.js'

// Mutations that know protobuf, but not what its fields mean.

/** Fields whose values decide what is computed; names and versions, of which there are more, only get a file refused. */
const meaning =
  /^(?:i|f|s|t|ints|floats|strings|dims|dataType|elemType|dimValue|dimParam|rawData|opType|attribute|input|shape|\w+Data|initializer)$/
const enumerations = new Set(['type', 'dataType', 'elemType', 'keyType', 'dataLocation'])

/** Changes one field of `model` to a telling value or to one of the same kind from it or from `other`. */
export function changeField(model, other, random, operators) {
  const places = placesIn(model)
  const telling = places.filter(([holder, key]) => !Array.isArray(holder) && meaning.test(key))
  const place = random.pick(telling.length > 0 && random.chance(0.75) ? telling : places)
  if (!place) return false
  changePlace(place, { random, operators, like: (value) => like(value, [...places, ...placesIn(other)], random) })
  return true
}

/** A copy of a value of the same kind. */
function like(value, places, random) {
  const same = places.filter(([holder, key]) => {
    const candidate = holder[key]
    return typeof candidate === typeof value && candidate?.constructor === value?.constructor
  })
  const [holder, key] = random.pick(same)
  return copyOf(holder[key])
}

function changePlace([holder, key], means) {
  const value = holder[key]
  const { random, operators, like } = means
  if (typeof value === 'bigint') holder[key] = random.chance(0.25) ? like(value) : random.pick(integers)
  else if (typeof value === 'number') holder[key] = enumerations.has(key) ? random.between(-1, 28) : random.pick(floats)
  else if (typeof value === 'string') {
    if (key === 'opType' && random.chance(0.7)) holder[key] = random.pick(operators)
    else holder[key] = random.chance(0.5) ? like(value) : random.pick(strings)
  } else if (value instanceof Uint8Array) holder[key] = changedBytes(value, means)
  else if (Array.isArray(value)) changeList(holder, key, means)
  else changeMessage([holder, key], means)
}

function changedBytes(value, { random, like }) {
  const choice = random.below(5)
  if (choice === 0) return like(value)
  if (choice === 1 || value.length === 0) return Buffer.from(random.pick(strings))
  if (choice === 2) return value.subarray(0, random.below(value.length))
  const bytes = Uint8Array.from(value)
  if (choice === 3 && bytes.length >= 8) {
    new DataView(bytes.buffer).setBigInt64(8 * random.below(bytes.length >> 3), random.pick(integers), true)
  } else bytes[random.below(bytes.length)] ^= 1 << random.below(8)
  return bytes
}

function changeList(holder, key, { random, like }) {
  const list = holder[key]
  const at = random.below(list.length + 1)
  const another = () => copyOf(random.pick(list) ?? random.pick(like(list)) ?? 1n)
  switch (random.below(7)) {
    case 0:
      list.splice(at, 1)
      break
    case 1:
      list.splice(at, 0, another())
      break
    case 2:
      list.reverse()
      break
    case 3:
      holder[key] = like(list)
      break
    case 4:
      list.length = random.below(list.length + 1)
      break
    case 5:
      for (let more = random.pick([2, 10, 70, 1000]); more > 0 && list.length < 3000; more--) list.push(another())
      break
    default:
      if (list.length > 0) list[random.below(list.length)] = another()
  }
}

function changeMessage([holder, key], means) {
  const { random, like } = means
  const value = holder[key]
  switch (random.below(4)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else holder[key] = null
      break
    case 1:
      holder[key] = like(value)
      break
    case 2:
      if (value instanceof onnx.GraphProto) return nest(value, random.pick([2, 8, 15, 30, 90]))
    // falls through
    default: {
      const places = placesIn(value)
      if (places.length > 0) changePlace(random.pick(places), means)
    }
  }
}

/** A graph inside an If, inside an If, … */
function nest(graph, times) {
  for (; times > 0; times--) {
    const inner = make(onnx.GraphProto, { node: graph.node, output: graph.output })
    const attribute = [
      make(onnx.AttributeProto, { name: 'then_branch', type: 5, g: inner }),
      make(onnx.AttributeProto, { name: 'else_branch', type: 5, g: new onnx.GraphProto() }),
    ]
    const output = graph.output.map(({ name }) => name ?? '')
    graph.node = [make(onnx.NodeProto, { opType: 'If', input: [graph.input[0]?.name ?? ''], output, attribute })]
  }
}

/** Changes the bytes of a file. */
export function changeBytes(bytes, random) {
  for (let steps = random.between(1, 4); steps > 0 && bytes.length > 0; steps--) {
    const at = random.below(bytes.length)
    const to = at + 1 + random.below(40)
    const choice = random.below(6)
    if (choice < 2) {
      bytes = Buffer.from(bytes)
      bytes[at] = choice === 0 ? bytes[at] ^ (1 << random.below(8)) : random.below(256)
    } else {
      const parts = [
        [bytes.subarray(0, at), Buffer.alloc(9, 255), bytes.subarray(at + 1)],
        [bytes.subarray(0, at), bytes.subarray(to)],
        [bytes.subarray(0, to), bytes.subarray(at)],
        [bytes.subarray(at), bytes.subarray(0, at)],
      ]
      bytes = Buffer.concat(parts[choice - 2])
    }
  }
  return bytes
}

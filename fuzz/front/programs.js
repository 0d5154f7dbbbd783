import { Zip } from '../../dist/formats/zip.js'
import { Reading } from '../../dist/onnx/reading.js'
import { changeBytes } from './blind.js'
import { copyOf } from './messages.js'
import { floats, integers, strings } from './values.js'

/**
 * A mutant of a `.pt2` file: bytes changed anywhere, or a few values of its program or of the table of its weights. What was
 * changed is written where it stood, with spaces behind, which JSON allows.
 */
export function changeProgram(bytes, random) {
  if (random.chance(0.2)) return changeBytes(bytes, random)
  const zip = new Zip(bytes, new Reading('m.pt2').site('the file'))
  const tables = [...zip.entries.values()].filter(({ name }) => name.endsWith('.json'))
  const programs = tables.filter(({ name }) => !name.endsWith('_config.json'))
  const content = zip.read(random.pick(random.chance(0.85) ? programs : tables))
  for (;;) {
    const root = JSON.parse(new TextDecoder().decode(content))
    for (let steps = 1 + random.below(3) * random.below(3); steps > 0; steps--) changeValue(placesOf(root), random)
    const text = Buffer.from(JSON.stringify(root))
    if (text.length > content.length) continue
    const mutant = Uint8Array.from(bytes)
    const at = content.byteOffset - bytes.byteOffset
    mutant.fill(0x20, at, at + content.length).set(text, at)
    return mutant
  }
}

/** A mutant of a `model.json`: bytes changed anywhere, or a few values. */
export function changeJson(bytes, random) {
  if (random.chance(0.2)) return changeBytes(bytes, random)
  const root = JSON.parse(new TextDecoder().decode(bytes))
  for (let steps = 1 + random.below(3) * random.below(3); steps > 0; steps--) changeValue(placesOf(root), random)
  return Buffer.from(JSON.stringify(root))
}

function placesOf(value, places = []) {
  for (const key of Object.keys(value)) {
    // Texts for people are most of a program, and nobody reads them.
    if (key === 'metadata' || key === 'device') continue
    places.push([value, key])
    if (value[key] && typeof value[key] === 'object') placesOf(value[key], places)
  }
  return places
}

function changeValue(places, random) {
  if (places.length === 0) return
  const [holder, key] = random.pick(places)
  const value = holder[key]
  const alike = () => {
    const same = places.filter(
      ([other, name]) => typeof other[name] === typeof value && Array.isArray(other[name]) === Array.isArray(value),
    )
    const [other, name] = random.pick(same)
    return copyOf(other[name])
  }
  if (random.chance(0.4)) holder[key] = alike()
  else if (random.chance(0.2) && Array.isArray(holder)) holder.splice(Number(key), 1)
  else if (random.chance(0.2)) delete holder[key]
  else if (typeof value === 'number')
    holder[key] = random.chance(0.8) ? Number(random.pick(integers)) : random.pick(floats)
  else if (typeof value === 'string') holder[key] = random.pick(strings)
  else if (typeof value === 'boolean') holder[key] = !value
  else if (Array.isArray(value) && value.length > 0) value.push(copyOf(random.pick(value)))
  else holder[key] = random.pick([null, 0, '', [], {}])
}

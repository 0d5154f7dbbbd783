import { basename, dirname } from 'node:path'
import { Random } from '../random.js'
import { changeBytes, changeField } from './blind.js'
import { meantMutations } from './meant.js'
import { copyOf, decodeMessage, encodeMessage, messagesOf, onnx } from './messages.js'
import { changeJson, changeProgram } from './programs.js'

/** Models that take as long as a thousand small ones, and are taken as seldom; those called light make their weights by ConstantOfShape. */
const isHeavy = ({ path, bytes }) => bytes.length > 300_000 || basename(dirname(path)).startsWith('models')

/** What a `.pt2` file is; some of this repository's are stand-ins that are called so. */
const isZip = (bytes) => bytes[0] === 0x50 && bytes[1] === 0x4b

/** Makes mutants of model files. A mutant is a function of seed, case number and the files. */
export class Mutator {
  #files
  #small
  #large
  /** All operator names, and for each the attributes that nodes somewhere have. */
  #operators
  #attributes = new Map()

  /** @param {readonly { path: string, bytes: Uint8Array }[]} models */
  constructor(models) {
    this.#files = models.map(({ path, bytes }) => {
      try {
        return { path, bytes, message: decodeMessage(bytes) }
      } catch {
        return { path, bytes, message: undefined }
      }
    })
    this.#small = this.#files.filter((file) => !isHeavy(file))
    this.#large = this.#files.filter(isHeavy)
    for (const { message } of this.#files) {
      for (const { opType, attribute } of message ? messagesOf(message, onnx.NodeProto) : []) {
        if (!this.#attributes.has(opType)) this.#attributes.set(opType, [])
        this.#attributes.get(opType).push(...attribute.filter(({ t, g }) => !g && (t?.rawData?.length ?? 0) < 1000))
      }
    }
    this.#operators = [...this.#attributes.keys()].filter((name) => name)
  }

  /** @returns the mutant's bytes, and the file that it was made of */
  mutant(seed, number) {
    const random = new Random(seed, number)
    const file = this.#pick(random)
    if (isZip(file.bytes)) return { path: file.path, bytes: changeProgram(file.bytes, random) }
    if (file.path.endsWith('.tfjs')) return { path: file.path, bytes: changeJson(file.bytes, random) }
    if (!file.message || random.chance(0.08)) return { path: file.path, bytes: changeBytes(file.bytes, random) }
    for (;;) {
      const message = copyOf(file.message)
      try {
        for (let steps = 1 + random.below(3) * random.below(3); steps > 0; steps--) this.#step(message, random)
        return { path: file.path, bytes: encodeMessage(message) }
      } catch {
        // A change left what protobuf can't express, or no list where the next change wants one: another.
      }
    }
  }

  #pick(random) {
    return random.pick(this.#large.length > 0 && random.chance(0.001) ? this.#large : this.#small)
  }

  #step(message, random) {
    if (random.chance(0.3)) {
      const other = this.#small[random.below(this.#small.length)].message ?? message
      changeField(message, other, random, this.#operators)
      return
    }
    const means = { random, operators: this.#operators, attributes: this.#attributes }
    for (let tries = 0; tries < 10; tries++) if (random.pick(meantMutations)(message, means)) return
  }
}

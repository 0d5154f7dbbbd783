import { modelBytes, tensorType } from '../../dist/onnx/build.js'
import { allTypes, isFloatType, randomTensor } from './data.js'

/** An int attribute. */
export const int = (value) => ({ kind: 'int', value: BigInt(value) })
/** A list of ints; may be empty. */
export const ints = (values) => ({ kind: 'ints', value: values.map(BigInt) })
export const float = (value) => ({ kind: 'float', value })
export const floats = (value) => ({ kind: 'floats', value })

/** onnxruntime does not take what the generator made: the model of one node that `source` is. */
export class Refused extends Error {
  constructor(source, cause) {
    super(cause.message, { cause })
    this.source = source
  }
}

/**
 * What operators' generators build a case with: values whose tensors are known, since onnxruntime computes each node as
 * it is added.
 *
 * @typedef {{ readonly name: string, readonly tensor: import('../../dist/onnx/model.js').Tensor, readonly isExact: boolean }} Handle
 */
export class CaseBuilder {
  /** Every value, inputs and constants first. */
  #values = []
  #names = 0
  /** Name → `{ tensor, isParameter }`, of what no node makes. */
  sources = new Map()
  nodes = []

  constructor({ random, opset, run, prefix = '' }) {
    this.random = random
    this.opset = opset
    this.run = run
    this.prefix = prefix
    /** Whether operands may be results of earlier nodes. */
    this.isGraph = false
    this.style = random.chance(0.85) ? 'normal' : random.chance(0.5) ? 'extreme' : 'ties'
  }

  /** Whether a name is a tensor's: what goes between the nodes of a group may be a list. */
  isTensor(name) {
    return this.#values.some((value) => value.name === name)
  }

  name() {
    return `${this.prefix}v${this.#names++}`
  }

  /** An element type of a list; float32, which most models have, more often. */
  type(types) {
    return types.includes('float32') && this.random.chance(0.5) ? 'float32' : this.random.pick(types)
  }

  /** Mostly small; 0 and 1 now and then. */
  size() {
    const { random } = this
    const dice = random.unit()
    if (dice < 0.03) return 0
    if (dice < 0.2) return 1
    return dice < 0.9 ? random.between(2, 5) : random.between(6, 19)
  }

  dims(rank) {
    return Array.from({ length: rank }, () => this.size())
  }

  /** A new operand, or an earlier value of the same type and dimensions. `style`: of data.js, or a function. */
  tensor(type, dims, { style = this.style, isParameter = false, isFresh = false } = {}) {
    const { random } = this
    if (this.isGraph && !isFresh && !isParameter && random.chance(0.4)) {
      const same = this.#values.filter(({ tensor }) => tensor.type === type && `${tensor.dims}` === `${dims}`)
      if (same.length > 0) return random.pick(same)
    }
    return this.source(randomTensor(type, dims, style, random), isParameter)
  }

  /** An operand with given contents. */
  source(tensor, isParameter = false) {
    const name = this.name()
    this.sources.set(name, { tensor, isParameter })
    return this.#add(name, tensor, true)
  }

  /** A list of int64 that says how an operator works, such as axes. */
  list(values, { type = 'int64', dims = [values.length] } = {}) {
    const is64 = type.endsWith('int64')
    const tensor = randomTensor(type, dims, (_, i) => (is64 ? BigInt(values[i]) : values[i]), this.random)
    return this.source(tensor, true)
  }

  /**
   * The operand that an operator is about: its own tensor, or an earlier value. The generator fits the others to it.
   *
   * @param {{ types?: readonly string[], rank?: readonly [number, number], isExact?: boolean, style?: string }} options `isExact`:
   *   results that are off by a rounding error won't do, as where a small difference decides
   */
  operand({ types = allTypes, rank = [0, 4], isExact = false, style, dims } = {}) {
    const { random } = this
    if (this.isGraph && !dims && random.chance(0.85)) {
      const fit = this.#values.filter(
        (value) =>
          types.includes(value.tensor.type) &&
          value.tensor.dims.length >= rank[0] &&
          value.tensor.dims.length <= rank[1] &&
          (!isExact || value.isExact) &&
          !this.sources.get(value.name)?.isParameter,
      )
      if (fit.length > 0) return random.pick(fit)
    }
    const type = this.type(types)
    return this.tensor(type, dims ?? this.dims(random.between(...rank)), { ...(style && { style }), isFresh: true })
  }

  /** Dimensions that broadcast with others: fewer, or 1 here and there. */
  broadcastable(dims) {
    const { random } = this
    if (random.chance(0.4)) return dims
    const kept = dims.slice(random.chance(0.4) ? random.below(dims.length + 1) : 0)
    return kept.map((size) => (random.chance(0.3) ? 1 : size))
  }

  /** An axis of a rank, from either end. */
  axis(rank) {
    const axis = this.random.below(rank)
    return this.random.chance(0.3) ? axis - rank : axis
  }

  /** Some of the axes of a rank, none twice. */
  axes(rank, least = 0) {
    const all = this.random.shuffle(Array.from({ length: rank }, (_, i) => i))
    return all
      .slice(0, this.random.between(Math.min(least, rank), rank))
      .map((i) => (this.random.chance(0.3) ? i - rank : i))
  }

  maybe(make, probability = 0.5) {
    return this.random.chance(probability) ? make() : undefined
  }

  /**
   * Adds a node. Its results are values for later nodes.
   *
   * @param {string} op
   * @param {readonly (Handle | undefined)[]} inputs
   * @param {object} attributes `undefined` where one is left out
   * @param {{ outputs?: number, domain?: string, isExact?: boolean, uses?: readonly Handle[] }} options `uses`: what subgraphs take
   * @returns {Promise<Handle[]>}
   * @throws Refused
   */
  async node(op, inputs, attributes = {}, { outputs = 1, domain, isExact = false, uses = [] } = {}) {
    const names = Array.from({ length: outputs }, () => this.name())
    const given = [...inputs]
    while (given.length > 0 && given.at(-1) === undefined) given.pop()
    const taken = [...given.filter((handle) => handle), ...uses]
    const exact = isExact && taken.every((value) => value.isExact)
    const node = { op, domain, inputs: given.map((handle) => handle?.name ?? ''), outputs: names, attributes }
    return this.group([node], taken, names, exact)
  }

  /**
   * Adds nodes that only make sense together, since tensors are not what goes between them.
   *
   * @param {readonly { op: string, domain?: string, inputs: readonly string[], outputs: readonly string[], attributes?: object }[]} nodes
   * @param {readonly Handle[]} taken what they take
   * @param {readonly string[]} results names of the tensors that they give
   * @returns {Promise<Handle[]>}
   * @throws Refused
   */
  async group(nodes, taken, results, isExact = false) {
    const named = nodes.map(({ op, domain, inputs, outputs, attributes = {} }) => ({
      op,
      name: `${this.prefix}${op}`,
      ...(domain && { domain }),
      inputs,
      outputs,
      attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
    }))
    const tensors = await this.#compute(named, taken, results)
    this.nodes.push(...named)
    return results.map((name) => {
      const tensor = tensors.get(name)
      return this.#add(name, tensor, isExact || (!isFloatType(tensor.type) && taken.every((value) => value.isExact)))
    })
  }

  async #compute(nodes, taken, results) {
    const source = {
      opsets: opsetsOf(this.opset),
      irVersion: 10,
      inputs: Object.fromEntries(taken.map(({ name, tensor }) => [name, tensorType(tensor.type, tensor.dims)])),
      outputs: Object.fromEntries(results.map((name) => [name, undefined])),
      nodes,
    }
    try {
      return await this.run(modelBytes(source), new Map(taken.map(({ name, tensor }) => [name, tensor])), results)
    } catch (error) {
      throw new Refused(source, error)
    }
  }

  #add(name, tensor, isExact) {
    const handle = { name, tensor, isExact, type: tensor.type, dims: tensor.dims, rank: tensor.dims.length }
    this.#values.push(handle)
    return handle
  }
}

/** Versions of all domains that generators use. */
export function opsetsOf(opset) {
  return { '': opset, 'com.microsoft': 1, 'ai.onnx.ml': opset >= 20 ? 4 : opset >= 15 ? 3 : opset >= 9 ? 2 : 1 }
}

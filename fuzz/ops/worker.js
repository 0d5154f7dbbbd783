import { writeFileSync } from 'node:fs'
import { buildAddon } from '../../dist/builtin/addon.js'
import { builtinSource, compileBuiltin } from '../../dist/builtin/index.js'
import { fromRuntime, toRuntime } from '../../dist/conformance/runtime-tensor.js'
import { modelBytes, tensorType } from '../../dist/onnx/build.js'
import { decodeModel } from '../../dist/onnx/read.js'
import { createNodeModel } from '../../dist/runtime/node.js'
import { resolveTarget } from '../../dist/targets/index.js'
import { difference } from './compare.js'
import { bytesOf, makeCase, namesOf } from './generate.js'
import { explanationOf } from './explained.js'
import { onnxruntime, RefusedModel } from './onnxruntime.js'
import { describe, saveCase } from './save.js'

// Makes cases, compiles those of a batch as one model, and compares.

const target = resolveTarget('host')
const identity = 'fuzz'

export class Engine {
  constructor({ root, seed, only, graphs, optimize, out }) {
    Object.assign(this, { seed, only, graphs, optimize, out })
    this.reference = onnxruntime(root)
  }

  /** @returns {Promise<object | undefined>} `undefined` where onnxruntime takes nothing of what was tried */
  caseOf(number, onRefused) {
    return makeCase({ seed: this.seed, number, only: this.only, graphs: this.graphs, run: this.reference }, onRefused)
  }

  /**
   * @param {(phase: string) => void} onPhase told before what may end this process
   * @returns {Promise<object[]>} one result per case
   */
  async runBatch(first, end, onPhase, skip = []) {
    const cases = []
    const results = []
    for (let number = first; number < end; number++) {
      onPhase(`generate ${number}`)
      if (skip.includes(number))
        results.push({ number, kind: 'skipped', what: 'onnxruntime ends the process', ops: [] })
      else {
        const made = await this.caseOf(number, (refused) => results.push(...lenience(number, refused)))
        if (made) cases.push(made)
        else results.push({ number, kind: 'skipped', what: 'onnxruntime takes nothing of what was tried', ops: [] })
      }
    }
    onPhase('compile')
    const accepted = []
    for (const made of cases) {
      try {
        builtinSource(decodeModel(bytesOf(made), { path: 'case.onnx' }), { target, identity })
        accepted.push(made)
      } catch (error) {
        results.push(this.#found(made, { kind: 'refused', what: error.message }))
      }
    }
    onPhase('run')
    for (const result of await this.#runAll(accepted)) results.push(result)
    return results
  }

  async #runAll(cases) {
    if (cases.length === 0) return []
    let results
    try {
      results = await this.#run(cases)
    } catch (error) {
      if (cases.length === 1) return [this.#found(cases[0], { kind: 'failed', what: error.message })]
      // A check that fails in the run names its node, whose name begins with its case's.
      const guilty = cases.findIndex(({ number }) => error.message.includes(`c${number}_`))
      const at = guilty >= 0 && !/C compiler/.test(error.message) ? guilty : undefined
      if (at !== undefined) {
        const others = cases.filter((_, i) => i !== at)
        return [...(await this.#runAll([cases[at]])), ...(await this.#runAll(others))]
      }
      const half = cases.length >> 1
      return [...(await this.#runAll(cases.slice(0, half))), ...(await this.#runAll(cases.slice(half)))]
    }
    const found = []
    for (const made of cases) {
      const differs = await difference(made, results, this.reference)
      found.push(differs ? await this.#located(made, differs) : same(made))
    }
    return found
  }

  /**
   * Of a graph, the first node whose result differs: all others only follow from it. Where onnxruntime gives the same as
   * we do for that node on our own operands, these differed within the tolerance, and nothing is wrong.
   */
  async #located(made, differs) {
    const outputs = tensorsOf(made.nodes)
    if (made.nodes.length === 1) return this.#found(made, differs)
    const whole = { ...made, outputs }
    try {
      whole.expected = await this.reference(bytesOf(whole), whole.feeds)
      const results = await this.#run([whole])
      const first = await difference(whole, results, this.reference)
      if (!first) return this.#found(made, differs)
      return (await this.#isInherited(whole, first, results)) ? same(made) : this.#found(whole, first)
    } catch {
      // What differs goes away, or does not compile, when more is asked for: told as it was found.
      return this.#found(made, differs)
    }
  }

  async #isInherited(made, { output }, results) {
    const node = made.nodes.find((one) => one.outputs.includes(output))
    const operands = namesOf(node).filter((name) => results.has(name))
    if (operands.length === 0) return false
    const alone = {
      ...made,
      nodes: [node],
      inputs: new Map([...made.inputs, ...operands.map((name) => [name, typeOf(results.get(name))])]),
      feeds: new Map([...made.feeds, ...operands.map((name) => [name, results.get(name)])]),
      outputs: node.outputs,
    }
    alone.expected = await this.reference(bytesOf(alone), alone.feeds)
    return (await difference(alone, results, this.reference)) === undefined
  }

  async #run(cases) {
    const model = decodeModel(bytesOf(...cases), { path: 'cases.onnx' })
    const result = await compileBuiltin(model, { target, identity, optimize: this.optimize, stagingRoot: this.out })
    const facts = {
      name: 'cases.onnx',
      signature: result.signature,
      target: 'host',
      compiler: { name: 'builtin', version: identity },
    }
    this.addon ??= await buildAddon({ outDir: this.out })
    const compiled = await createNodeModel(facts, { addon: this.addon, library: result.library })
    const feeds = cases.flatMap((made) => [...made.feeds]).map(([name, tensor]) => [name, toRuntime(tensor)])
    const outputs = compiled.runSync(Object.fromEntries(feeds))
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, fromRuntime(tensor)]))
  }

  #found(made, found) {
    const why = explanationOf({ ...found, made })
    if (why === undefined) saveCase(made, this.out)
    return { number: made.number, ops: opsOf(made), ...found, why, text: describe(made), made }
  }
}

if (process.argv[2] !== undefined && process.send) {
  const options = JSON.parse(process.argv[2])
  const engine = new Engine(options)
  const onPhase = (phase) => writeFileSync(options.at, phase)
  process.on('message', async ({ first, end, skip }) => {
    const results = await engine.runBatch(first, end, onPhase, skip)
    process.send({ results: results.map((result) => told(result)) })
  })
  process.on('disconnect', () => process.exit())
  process.send({ results: [] })
}

/** What onnxruntime refuses as a model, and we take: no difference, but worth to be known. */
function lenience(number, { source, cause }) {
  if (!(cause instanceof RefusedModel) || cause.isLack) return []
  try {
    builtinSource(decodeModel(modelBytes(source), { path: 'refused.onnx' }), { target, identity })
    return [{ number, kind: 'lenient', what: cause.message, ops: source.nodes.map(({ op }) => op) }]
  } catch {
    return []
  }
}

/** Values that are tensors: onnxruntime's JavaScript has no sequences and optionals as outputs. */
function tensorsOf(nodes) {
  const givers = /^(?:Sequence(?:Construct|Insert|Erase|Empty|Map)|SplitToSequence|Optional)$/
  const takers = /^(?:Sequence(?:At|Length|Insert|Erase|Map)|ConcatFromSequence|Optional\w+)$/
  const others = new Set(nodes.filter(({ op }) => takers.test(op)).map(({ inputs }) => inputs[0]))
  return nodes
    .filter(({ op }) => !givers.test(op))
    .flatMap(({ outputs }) => outputs)
    .filter((name) => !others.has(name))
}

function same(made) {
  return { number: made.number, kind: 'same', ops: opsOf(made) }
}

function typeOf({ type, dims }) {
  return tensorType(type, dims)
}

function opsOf({ nodes }) {
  return nodes.map(({ op }) => op)
}

/** What the supervisor is told: a case's own data stay here. */
function told({ number, kind, what, ops, why, text }) {
  return { number, kind, what: what?.slice(0, 600), ops, why, text }
}

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { findCc } from '../../src/toolchains/cc.ts'
import { knownFlags, languageFlags } from '../../src/toolchains/flags.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { Model, OnnxGraph, OnnxNode, TypeInfo, ValueInfo } from '../../src/onnx/model.ts'
import { readModel } from '../../src/formats/read.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { filesBelow, present, suiteDir } from '../onnx/suite.ts'
import { f32 } from '../ops/harness.ts'
import { Random } from './random/random.ts'

// Operators beside each other in one model, whichever they are: their C has no name in common. Single operators out of
// ONNX's backend tests, in random company.

const target = resolveTarget('host')
const folder = mkdtempSync(join(tmpdir(), 'company-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a compiler says of a model's C, with the flags that users get. */
async function complaints(compiler: 'gcc' | 'clang', model: Model): Promise<string> {
  const cc = await findCc({ env: { ...process.env, CC: compiler } })
  const { text, includeDirs } = builtinSource(model, { target, identity: 'test' })
  const source = join(folder, `${compiler}.c`)
  writeFileSync(source, text)
  const flags = [...languageFlags, ...(await knownFlags(cc)), ...target.flags[compiler][0]!, '-fsyntax-only']
  const { stderr, status } = spawnSync(compiler, [...flags, ...includeDirs.map((dir) => `-I${dir}`), source], {
    encoding: 'utf8',
  })
  return status === 0 ? stderr : `${stderr}exit ${status}`
}

const compilers = (['gcc', 'clang'] as const).filter((name) => spawnSync(name, ['--version']).status === 0)

/** The graph with a prefix before every name. */
function prefixed(graph: OnnxGraph, prefix: string): OnnxGraph {
  const name = (text: string) => (text === '' ? '' : prefix + text)
  const type = (info: TypeInfo | undefined): TypeInfo | undefined =>
    info?.kind === 'tensor' && info.shape
      ? { ...info, shape: info.shape.map((dim) => (typeof dim === 'string' ? prefix + dim : dim)) }
      : info
  const value = (info: ValueInfo): ValueInfo => ({ name: name(info.name), type: type(info.type) })
  return {
    name: '',
    inputs: graph.inputs.map(value),
    outputs: graph.outputs.map(value),
    valueInfo: new Map([...graph.valueInfo].map(([key, info]) => [name(key), value(info)])),
    initializers: new Map([...graph.initializers].map(([key, tensor]) => [name(key), tensor])),
    nodes: graph.nodes.map((node): OnnxNode => ({
      ...node,
      name: name(node.name),
      inputs: node.inputs.map(name),
      outputs: node.outputs.map(name),
    })),
  }
}

function sideBySide(models: readonly Model[]): Model {
  const graphs = models.map(({ graph }, i) => prefixed(graph, `m${i}_`))
  return {
    ...models[0]!,
    opsets: new Map(models.flatMap(({ opsets }) => [...opsets])),
    graph: {
      name: '',
      inputs: graphs.flatMap(({ inputs }) => inputs),
      outputs: graphs.flatMap(({ outputs }) => outputs),
      valueInfo: new Map(graphs.flatMap(({ valueInfo }) => [...valueInfo])),
      initializers: new Map(graphs.flatMap(({ initializers }) => [...initializers])),
      nodes: graphs.flatMap(({ nodes }) => nodes),
    },
  }
}

/** Single operators of the suite that compile, one test per operator, by version of the operator set. */
async function singles(): Promise<Map<number, Model[]>> {
  const byOpset = new Map<number, Map<string, Model>>()
  for (const path of filesBelow(suiteDir, 'model.onnx')) {
    if (path.includes('_expanded')) continue
    const model = await readModel(path)
    const [node, ...more] = model.graph.nodes
    if (!node || more.length > 0 || [...node.attributes.values()].some(({ kind }) => kind === 'graph')) continue
    const opset = model.opsets.get('') ?? 0
    const known = byOpset.get(opset) ?? new Map<string, Model>()
    byOpset.set(opset, known)
    if (!known.has(node.op) && compiles(model)) known.set(node.op, model)
  }
  return new Map([...byOpset].map(([opset, models]) => [opset, [...models.values()]]))
}

function compiles(model: Model): boolean {
  try {
    builtinSource(model, { target, identity: 'test' })
    return true
  } catch {
    return false
  }
}

describe.each(compilers)('%s takes', (compiler) => {
  test('Unique beside MatMul', async () => {
    const bytes = modelBytes({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', ['n', 4]) },
      outputs: { y: undefined, u: undefined },
      initializers: { w: f32(Array<number>(20).fill(1), [4, 5]) },
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] },
        { op: 'Unique', inputs: ['y'], outputs: ['u'] },
      ],
    })
    expect(await complaints(compiler, decodeModel(bytes, { path: 'm.onnx' }))).toBe('')
  })

  test.runIf(present(suiteDir))('operators in random company', { timeout: 600_000 }, async () => {
    const random = new Random(11)
    let groups = 0
    for (const models of (await singles()).values()) {
      const shuffled = random.shuffled(models)
      for (let i = 0; i < shuffled.length; i += 8, groups++) {
        const company = shuffled.slice(i, i + 8)
        const names = company.map(({ graph }) => graph.nodes[0]!.op).join(', ')
        expect(await complaints(compiler, sideBySide(company)), names).toBe('')
      }
    }
    expect(groups).toBeGreaterThan(10)
  })
})

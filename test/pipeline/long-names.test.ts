import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OnnxMlirError } from '../../src/errors/index.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { printable } from '../../src/errors/printable.ts'
import { listed, quote, shorten, shortenNames } from '../../src/runtime/shorten.ts'
import { compileModel } from '../ops/harness.ts'

const long = 'n'.repeat(1_000_000)
const spaced = 'n '.repeat(500_000)
const longSymbol = 's'.repeat(300) // of a formula not more is taken

describe('messages', () => {
  it('keep the beginning and the end of a name', () => {
    expect(shorten('abc')).toBe('abc')
    expect(shorten(`layer.1.${long}.weight`)).toMatch(/^layer\.1\.n{82}…n{23}\.weight$/)
    expect(quote(`"${long}`)).toHaveLength(1 + 1 + 121 + 1) // the quote in it is escaped
    expect(printable(long)).toHaveLength(201)
    expect(listed(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
  })

  it('are cut, whatever is in them', () => {
    for (const text of [
      long,
      spaced,
      `${'short '.repeat(100)}${long}`,
      `a\n${long}\nb`,
      ' '.repeat(1e6),
      '😀'.repeat(1e6),
    ])
      expect(shortenNames(text).length).toBeLessThanOrEqual(5001)
    const stderr = 'model.c:7:1: error: the moon is full\n'.repeat(100)
    expect(shortenNames(stderr)).toBe(stderr)
    expect(shortenNames(`node ${long} is wrong`)).toMatch(/^node n+…n+ is wrong$/)
  })
})

describe('a model with names of a megabyte', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-names-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const valid = (name: string): ModelSource => ({
    opsets: { '': 21 },
    inputs: { [name]: tensorType('float32', [`${name}d`, 4]) },
    outputs: { [`${name}y`]: undefined },
    nodes: [{ op: 'Neg', name, inputs: [name], outputs: [`${name}y`] }],
  })
  const breaks: Record<string, (name: string) => ModelSource> = {
    'an undefined value': (name) => ({
      ...valid(name),
      nodes: [{ op: 'Neg', name, inputs: [`${name}x`], outputs: [`${name}y`] }],
    }),
    'an unknown operator': (name) => ({
      ...valid(name),
      nodes: [{ op: name, name, inputs: [name], outputs: [`${name}y`] }],
    }),
    'an unknown domain': (name) => ({
      ...valid(name),
      nodes: [{ op: 'Neg', domain: name, name, inputs: [name], outputs: [`${name}y`] }],
    }),
    'a name defined twice': (name) => ({ ...valid(name), nodes: [...valid(name).nodes, ...valid(name).nodes] }),
    'a wrong attribute': (name) => ({
      ...valid(name),
      nodes: [{ op: 'Softmax', name, inputs: [name], outputs: [`${name}y`], attributes: { axis: 7n } }],
    }),
    'an output that nothing makes': (name) => ({ ...valid(name), outputs: { [`${name}z`]: undefined } }),
  }
  it.each(Object.keys(breaks))('and %s has a short error', async (what) => {
    for (const name of [long, spaced]) {
      const path = join(folder, 'm.onnx')
      await writeFile(path, modelBytes(breaks[what]!(name)))
      const pipeline = createPipeline({ cache: join(folder, 'cache'), compiler: 'builtin' })
      const error: unknown = await pipeline
        .build(path, { mode: 'build', log() {}, warn() {} })
        .catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(OnnxMlirError)
      const { message } = error as OnnxMlirError
      expect(message.length).toBeGreaterThan(30)
      expect(message.length).toBeLessThanOrEqual(5001)
    }
  })

  it('has short errors when it runs', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { [long]: tensorType('float32', [`${longSymbol}n`]), b: tensorType('float32', [`${longSymbol}m`]) },
      outputs: { y: undefined },
      nodes: [{ op: 'Add', name: long, inputs: [long, 'b'], outputs: ['y'] }],
    })
    expect(model.runSync({ [long]: new Float32Array(3), b: new Float32Array(3) })['y']!.data).toHaveLength(3)
    let message = ''
    try {
      model.runSync({ [long]: new Float32Array(3), b: new Float32Array(2) })
    } catch (error) {
      ;({ message } = error as Error)
    }
    expect(message).toMatch(/^test\.onnx: .*3/)
    expect(message.length).toBeLessThan(2000)
  })
})

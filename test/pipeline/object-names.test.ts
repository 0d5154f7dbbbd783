import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../../src/loaders/load-model.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'

// Names that every object of JavaScript answers to are names like others, wherever a model or a query has them.

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'names-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const names = ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf'] as const

/** `output = input + initializer`, all of one kind of name, with an axis called so, too. */
async function model(name: string, inputs: readonly string[], outputs: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.onnx`)
  const type = tensorType('float32', ['isPrototypeOf', 2])
  const domain = 'propertyIsEnumerable'
  await writeFile(
    path,
    modelBytes({
      opsets: new Map([
        ['', 21],
        [domain, 1],
      ]),
      inputs: new Map(inputs.map((input) => [input, type])),
      outputs: new Map(outputs.map((output) => [output, type])),
      metadata: new Map([['__proto__', 'x']]),
      initializers: new Map([['toLocaleString', tensorFrom('float32', [2], Float32Array.of(1, 2))]]),
      nodes: outputs.map((output, i) => ({
        domain,
        op: 'constructor',
        inputs: [inputs[i % inputs.length]!, 'toLocaleString'],
        outputs: [output],
      })),
      functions: [
        {
          domain,
          name: 'constructor',
          inputs: ['valueOf', '__proto__'],
          outputs: ['toString'],
          opsets: { '': 21 },
          nodes: [{ op: 'Add', inputs: ['valueOf', '__proto__'], outputs: ['toString'] }],
        },
      ],
    }),
  )
  return path
}

describe.each(['host', 'wasm'])('target=%s', (target) => {
  const load = async (path: string, query = '') =>
    loadModel(`${path}?target=${target}${query}`, { compiler: 'builtin', log: () => {} })

  test('inputs, outputs, weights, axes, functions and domains are called so', async () => {
    const ins = names.map((name) => (name === 'valueOf' ? 'x' : name))
    const outs = ['valueOf', '__defineGetter__', 'y', '__lookupSetter__', 'isPrototypeOf']
    await using m = await load(await model('all', ins, outs))
    const given = Object.fromEntries(ins.map((name, i) => [name, Float32Array.of(i, i)]))
    const results = await m.run(given)
    expect(Object.keys(results)).toEqual(outs)
    expect(Object.getPrototypeOf(results)).toBe(Object.prototype)
    outs.forEach((name, i) => {
      expect(Object.hasOwn(results, name)).toBe(true)
      expect([...(results[name]!.data as Float32Array)]).toEqual([i + 1, i + 2])
      expect(results[name]!.dims).toEqual([1, 2])
    })
  })

  test('inputs that are not given are missing, also where what is given inherits them', async () => {
    await using m = await load(await model('missing', ['x', ...names], ['y']))
    const all: [string, Float32Array][] = ['x', ...names].map((name) => [name, Float32Array.of(1, 2)])
    for (const name of names) {
      const others = all.filter(([other]) => other !== name)
      const message = `missing.onnx: input "${name}": expected float32 [isPrototypeOf, 2], given nothing`
      await expect(m.run(Object.fromEntries(others))).rejects.toThrow(message)
      const heir: object = Object.create(Object.fromEntries(all))
      for (const [other, value] of others) Object.defineProperty(heir, other, { value, enumerable: true })
      await expect(m.run(heir as Record<string, unknown>)).rejects.toThrow(message)
    }
    const { y } = await m.run(Object.fromEntries(all))
    expect([...(y!.data as Float32Array)]).toEqual([2, 4])
  })

  test('no axis is called so that is not, and none is fixed by a property of every object', async () => {
    const path = await model('dims', ['x'], ['y'])
    for (const name of names)
      await expect(load(path, `&dims=${name}_2`)).rejects.toThrow(
        `no input has a dimension called "${name}". Its inputs have "isPrototypeOf".`,
      )
    await using m = await load(path, '&dims=isPrototypeOf_3')
    expect(m.inputs[0]).toMatchObject({ shape: [3, 2] })
    const bound = m.bind()
    bound.run()
    expect(bound.outputs['y']!.dims).toEqual([3, 2])
  })

  test.each(names)('no directive is called %s', async (name) => {
    const path = await model('plain', ['x'], ['y'])
    await expect(load(path, `&${name}=1`)).rejects.toThrow(`Unknown directive "${name}"`)
  })
})

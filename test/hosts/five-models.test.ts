import { existsSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Signature } from '../../src/artifact.ts'
import { signatureOf } from '../../src/pipeline.ts'
import { onnxruntime, type Onnxruntime } from '../onnxruntime.ts'
import { execute, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { hosts } from './hosts.ts'

const folder = fileURLToPath(new URL('../../../shared/models/', import.meta.url))
const names = ['fraud-lstm', 'mnist-8', 'ultraface-rfb-320', 'light-resnet50', 'light-squeezenet']
const seeds = [1, 2, 3]

const present = names.every((name) => existsSync(join(folder, `${name}.onnx`)))
if (!present) console.log(`skipped: the models of ../shared/models are not here`)
const ort = onnxruntime()

/** One way of each host: what the others differ in has nothing to do with a model's arithmetic. */
const oneOfEach = hosts.filter(({ name }) =>
  ['vite, base /', 'rollup, es', 'rolldown, es', 'esbuild, cjs', 'webpack, cjs', 'webpack loader, cjs'].includes(name),
)

/** Reads inputs, runs each model three times and prints what comes out. */
function application(inputs: string): string {
  const imports = names.map((name, i) => `import model${i} from './${name}.onnx'`)
  return `
    import { readFileSync } from 'node:fs'
    ${imports.join('\n')}
    const models = { ${names.map((name, i) => `${JSON.stringify(name)}: model${i}`).join(', ')} }
    const inputs = JSON.parse(readFileSync(${JSON.stringify(inputs)}, 'utf8'))
    async function runAll() {
      const results = {}
      for (const [name, sets] of Object.entries(inputs)) {
        results[name] = []
        for (const set of sets) {
          const feeds = Object.fromEntries(Object.entries(set).map(([input, data]) => [input, Float32Array.from(data)]))
          const outputs = await models[name].run(feeds)
          results[name].push(Object.fromEntries(Object.entries(outputs).map(([output, { data }]) => [output, [...data]])))
        }
      }
      return results
    }
    runAll().then((results) => process.stdout.write(JSON.stringify(results)))`
}

type Values = Readonly<Record<string, readonly number[]>>
type Results = Readonly<Record<string, readonly Values[]>>

/** Park and Miller's minimal standard generator, scaled to [-1, 1). */
function randomInputs({ inputs }: Signature, seed: number): Values {
  let state = seed
  const next = (): number => {
    state = (state * 48271) % 0x7fffffff
    return Math.fround((state / 0x7fffffff) * 2 - 1)
  }
  return Object.fromEntries(
    inputs.map(({ name, shape }) => [
      name,
      Array.from({ length: shape.reduce<number>((n, dim) => n * Number(dim), 1) }, next),
    ]),
  )
}

async function reference(
  runtime: Onnxruntime,
  name: string,
  signature: Signature,
  sets: readonly Values[],
): Promise<Values[]> {
  const session = await runtime.InferenceSession.create(join(folder, `${name}.onnx`), { logSeverityLevel: 3 })
  const results: Values[] = []
  for (const set of sets) {
    const feeds = signature.inputs.map(({ name: input, shape }) => [
      input,
      new runtime.Tensor('float32', Float32Array.from(set[input]!), shape.map(Number)),
    ])
    const outputs = await session.run(Object.fromEntries(feeds) as Record<string, unknown>)
    results.push(Object.fromEntries(Object.entries(outputs).map(([output, { data }]) => [output, [...data]])))
  }
  return results
}

function expectClose(actual: Results, expected: Results): void {
  for (const [name, sets] of Object.entries(expected)) {
    sets.forEach((values, set) => {
      expect(Object.keys(actual[name]![set]!)).toEqual(Object.keys(values))
      for (const [output, wanted] of Object.entries(values)) {
        const given = actual[name]![set]![output]!
        expect(given).toHaveLength(wanted.length)
        const wrong = wanted.findIndex((value, i) => !(Math.abs(given[i]! - value) <= 1e-5 + 1e-3 * Math.abs(value)))
        if (wrong >= 0)
          expect.fail(`${name}, inputs ${set}: ${output}[${wrong}] is ${given[wrong]}, expected ${wanted[wrong]}`)
      }
    })
  }
}

describe.skipIf(!present || !ort)('five models agree with onnxruntime', () => {
  const inputs: Record<string, Values[]> = {}
  const expected: Record<string, Values[]> = {}

  beforeAll(async () => {
    for (const name of names) {
      const signature = await signatureOf(join(folder, `${name}.onnx`))
      inputs[name] = seeds.map((seed) => randomInputs(signature, seed))
      expected[name] = await reference(ort!, name, signature, inputs[name])
    }
  })

  test.each(oneOfEach)('$name', async (host) => {
    const root = await temporaryFolder()
    const inputFile = join(await temporaryFolder(), 'inputs.json')
    await writeFile(inputFile, JSON.stringify(inputs))
    await writeFiles(root, { 'package.json': '{ "type": "module" }', 'main.js': application(inputFile) })
    for (const name of names) await copyFile(join(folder, `${name}.onnx`), join(root, `${name}.onnx`))

    const app = await host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out') })
    const moved = await moveElsewhere(join(root, 'out'))
    expectClose((await execute(join(moved, app.file('main')))) as Results, expected)
  })
})

import { existsSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { beforeAll, describe, test, vi } from 'vitest'
import { signatureOf } from '../../src/pipeline/index.ts'
import {
  expectClose,
  modelsFolder,
  onnxruntime,
  randomInputs,
  reference,
  type Results,
  type Values,
} from '../onnxruntime.ts'
import { execute, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { oneOfEach } from './hosts.ts'
import { runVitest } from './run-vitest.ts'

const names = ['fraud-lstm', 'mnist-8', 'ultraface-rfb-320', 'light-resnet50', 'light-squeezenet']
const seeds = [1, 2, 3]

const present = names.every((name) => existsSync(join(modelsFolder, `${name}.onnx`)))
if (!present) console.log(`skipped: the models of ../shared/models are not here`)
const ort = onnxruntime()

/** Module that runs each model with each set of inputs in a file. */
function allResults(inputs: string): string {
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
    export const results = runAll()`
}

// The first host to come compiles all five, and once more where the package itself is another: that of the loader and of Vitest is built. In a
// project, where Vitest makes a node_modules, each would have a cache of its own.
describe.skipIf(!present || !ort)('five models agree with onnxruntime', { timeout: 300_000 }, () => {
  const inputs: Record<string, Values[]> = {}
  const expected: Record<string, Values[]> = {}

  beforeAll(async () => {
    vi.stubEnv('ONNX_MLIR_CACHE_DIR', resolve('node_modules/.cache/unplugin-onnx-mlir'))
    for (const name of names) {
      const signature = await signatureOf(join(modelsFolder, `${name}.onnx`))
      inputs[name] = seeds.map((seed) => randomInputs(signature, seed))
      expected[name] = await reference(ort!, join(modelsFolder, `${name}.onnx`), signature, inputs[name])
    }
  })

  test.each(oneOfEach)('$name', async (host) => {
    const root = await project()
    await writeFiles(root, {
      'main.js': `
        import { results } from './all-results.js'
        results.then((all) => process.stdout.write(JSON.stringify(all)))`,
    })
    const app = await host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out') })
    const moved = await moveElsewhere(join(root, 'out'))
    expectClose((await execute(join(moved, app.file('main')))) as Results, expected)
  })

  test('vitest', async () => {
    const root = await project()
    await writeFiles(root, {
      'all.test.js': `
        import { writeFileSync } from 'node:fs'
        import { results } from './all-results.js'
        test('runs', async () => writeFileSync('results.json', JSON.stringify(await results)))`,
    })
    await runVitest(root)
    expectClose(JSON.parse(await readFile(join(root, 'results.json'), 'utf8')) as Results, expected)
  })

  async function project(): Promise<string> {
    const root = await temporaryFolder()
    const inputFile = join(await temporaryFolder(), 'inputs.json')
    await writeFile(inputFile, JSON.stringify(inputs))
    await writeFiles(root, { 'package.json': '{ "type": "module" }', 'all-results.js': allResults(inputFile) })
    for (const name of names) await copyFile(join(modelsFolder, `${name}.onnx`), join(root, `${name}.onnx`))
    return root
  }
})

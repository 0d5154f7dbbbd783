import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { signatureOf } from '../../src/pipeline/index.ts'
import { addModel, addModelOfTensorFlow, addModelWeights } from '../hosts/models.ts'
import { generateTypes } from '../../src/types/generate.ts'
import { tsc, tscPaths } from '../types/project.ts'
import { allPages, root, samplesOf } from './pages.ts'

/** What samples say without saying where it is from. */
const surroundings = `
declare const features: import('unplugin-onnx-mlir/runtime').InputData<'float32'>
declare const category: import('unplugin-onnx-mlir/runtime').InputData<'int64'>
declare const hour: typeof category
declare const image: Float32Array
declare const signal: AbortSignal
declare function show(loaded: number, total: number | undefined): void
declare function inputsOf(request: unknown): { features: typeof features; category: typeof category; hour: typeof hour }
declare const Bun: { build(options: object): Promise<unknown> }
declare namespace JSX {
  interface IntrinsicElements {
    readonly [element: string]: object
  }
}
`

const models = ['fraud-server/fraud.onnx', 'digit-canvas/digit.onnx']

const checked = /^(?:ts|tsx|js|jsx|mjs)$/

/** Frameworks that are not installed here; tests of their own run builds with them. */
const elsewhere = [
  'tsup',
  'tsdown',
  'nuxt/config',
  'h3',
  'nitropack/config',
  'nitro/vite',
  'hono',
  '@hono/node-server',
  '@astrojs/node',
  '@sveltejs/adapter-node',
  '@sveltejs/kit/vite',
  '@react-router/dev/vite',
  '@farmfe/core',
  'electron-vite',
  'react',
  'jest',
]

/** Pages whose samples are about models and projects of their own: tests beside what they are about take them. */
const testedElsewhere: Readonly<Record<string, string>> = {
  'docs/types.md': 'test/types/docs.test.ts',
}

test.each(Object.entries(testedElsewhere))('the samples of %s are those of a test of its own', async (page, file) => {
  expect(await readFile(join(root, file), 'utf8')).toContain(page)
})

test('every TypeScript and JavaScript sample of README and docs is right', async () => {
  const project = await realpath(await mkdtemp(join(tmpdir(), 'onnx-mlir-samples-')))
  onTestFinished(() => rm(project, { recursive: true, force: true }))
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'), 'junction')
  const write = async (path: string, text: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(project, path)), { recursive: true })
    await writeFile(join(project, path), text)
  }
  await write('package.json', JSON.stringify({ type: 'module', name: 'samples' }))
  await write('surroundings.d.ts', surroundings)
  await write('elsewhere.d.ts', elsewhere.map((name) => `declare module '${name}'`).join('\n'))
  // JavaScript is checked, too, but for what it leaves to be inferred.
  const compilerOptions = {
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    lib: ['es2024', 'dom', 'dom.iterable', 'esnext.disposable'],
    types: ['node'],
    jsx: 'preserve',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowJs: true,
    checkJs: true,
  }
  await write('tsconfig.json', JSON.stringify({ extends: 'unplugin-onnx-mlir/tsconfig', compilerOptions }))

  let count = 0
  for (const page of allPages().filter(({ path }) => !(path in testedElsewhere))) {
    const folder = page.path.replace(/\.md$/, '')
    // TypeScript knows nothing of `module.exports` as a name of an ES module, by which Node gives these what they require.
    const samples = samplesOf(page).filter(({ language, code }) => checked.test(language) && !code.includes('require('))
    count += samples.length
    for (const { language, code, line, file } of samples) {
      // Samples that say their name can import each other.
      const isFirst = samples.find((sample) => sample.file === file)?.line === line
      const name = file !== undefined && isFirst ? file : `line-${line}.${language}`
      await write(join(folder, name), `${code}\nexport {}\n`)
      for (const [, model = ''] of code.matchAll(/ from '(\.[\w./]*\/model\.onnx)/g))
        await write(join(folder, dirname(name), model), addModel(10))
      for (const [, model = ''] of code.matchAll(/ from '(\.[\w./]*\.tfjs)/g)) {
        await write(join(folder, dirname(name), model), addModelOfTensorFlow())
        await write(join(folder, dirname(name), dirname(model), 'weights.bin'), addModelWeights(10))
      }
    }
    for (const model of samples.length > 0 ? models : [])
      await copyFile(join(root, 'examples', model), join(project, folder, basename(model)))
  }
  expect(count).toBeGreaterThan(20)

  const { problems } = await generateTypes({ root: project, signatureOf })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect((await tsc(tscPaths[0]!, ['-p', project], project)).output).toBe('')
})

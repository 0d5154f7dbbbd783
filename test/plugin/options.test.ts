import { expect, onTestFinished, test } from 'vitest'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rspack } from '@rspack/core'
import webpack from 'webpack'
import astro from '../../src/astro.ts'
import farm from '../../src/farm.ts'
import { compileToStage, generateTypes, nnpaReport, unplugin } from '../../src/index.ts'
import { type BunBuilder, setUpBunBuild } from '../../src/loaders/bun-build.ts'
import { createTransformer } from '../../src/loaders/jest.ts'
import { loadModel } from '../../src/loaders/load-model.ts'
import { projectOptions } from '../../src/loaders/project-options.ts'
import next from '../../src/next.ts'
import type { Model } from '../../src/onnx/model.ts'
import nuxt, { type Nuxt } from '../../src/nuxt.ts'
import { createPipeline, type PluginOptions } from '../../src/pipeline/index.ts'
import { createModels, type HostOptions } from '../../src/plugin/models.ts'

/** As a configuration file that nobody has type-checked. */
const make = (options: unknown) => (): unknown => createModels(options as HostOptions)

test.each([
  ['an unknown name', { targett: 'wasm' }, 'has an unknown option "targett". Did you mean "target"? Known: target, '],
  ['a name that objects have', { constructor: 'wasm' }, 'has an unknown option "constructor".'],
  ['a cache', { cache: 5 }, 'has the option "cache", which must be the name of a folder, or false'],
  ['no cache', { cache: true }, 'the name of a folder, or false'],
  ['operators', { operators: 5 }, '"operators", which must be a list of objects, not 5.'],
  ['an operator', { operators: ['Twist'] }, '"operators", which must be a list of objects'],
  ['limits', { limits: 5 }, '"limits", which must be an object'],
  ['a report', { report: true }, '"report", which must be an object, or false'],
  ['a platform', { platform: 'nodee' }, '"platform", which must be node, browser, edge'],
  [
    'a root that is a URL, in one line',
    { root: new URL('file:///a/b') },
    '"root", which must be the name of a folder, not the URL file:///a/b. fileURLToPath() of node:url makes a path of it.',
  ],
  ['a root', { root: 5 }, '"root", which must be the name of a folder'],
  ['types', { types: 'no' }, '"types", which must be true or false'],
  ['a signal', { signal: new AbortController() }, '"signal", which must be an AbortSignal'],
  ['files', { files: null }, '"files", which must be a word, or { dir'],
])('options are checked when the plugin is made: %s', (_what, options, message) => {
  expect(make(options)).toThrow(
    expect.objectContaining({ code: 'USAGE_OPTION', message: expect.stringContaining(message) }),
  )
})

test.each([
  ['a limit', { limits: { nodess: 5 } }, 'an unknown option "limits.nodess". Did you mean "nodes"? Known: fileBytes, '],
  [
    'the value of a limit',
    { limits: { nodes: '5' } },
    '"limits.nodes", which must be a number of at least 0, not \'5\'.',
  ],
  ['no number', { limits: { rank: NaN } }, '"limits.rank", which must be a number of at least 0, not NaN.'],
  ['a report', { report: { minNNPA: 0.9 } }, 'an unknown option "report.minNNPA". Did you mean "minNnpa"?'],
  ['a share', { report: { minNnpa: 90 } }, '"report.minNnpa", which must be a share from 0 to 1, like 0.9, not 90.'],
  ['a folder of reports', { report: { folder: false } }, '"report.folder", which must be the name of a folder'],
  ['onnx-mlir', { onnxMlir: { paht: '/opt' } }, 'an unknown option "onnxMlir.paht". Did you mean "path"?'],
  ['a timeout', { onnxMlir: { timeout: '5s' } }, '"onnxMlir.timeout", which must be a number of at least 0'],
  [
    'an option of it',
    { onnxMlir: { options: { fastmaths: true } } },
    '"onnxMlir.options.fastmaths". Did you mean "fastMath"?',
  ],
  ['a directive there', { onnxMlir: { options: { target: 'z16' } } }, 'an unknown option "onnxMlir.options.target".'],
  [
    'a word',
    { onnxMlir: { options: { accel: 'nnpa' } } },
    '"onnxMlir.options.accel", which must be NNPA, none, not \'nnpa\'',
  ],
  [
    'deep inside',
    { onnxMlir: { options: { instrument: { profil: 'onnx' } } } },
    '"onnxMlir.options.instrument.profil". Did you mean "profile"?',
  ],
  ['flags', { onnxMlir: { options: { extra: '-v' } } }, '"onnxMlir.options.extra", which must be a list of texts'],
  [
    'shapes',
    { onnxMlir: { options: { shapes: { x: ['n'] } } } },
    '"onnxMlir.options.shapes", which must be an object whose values',
  ],
  [
    'bounds',
    { onnxMlir: { options: { bounds: { n: { minimum: 1 } } } } },
    '"onnxMlir.options.bounds", which must be an object whose',
  ],
  ['names that objects have', { limits: { toString: 5 } }, 'an unknown option "limits.toString".'],
  ['sizes as a text', { dims: 'batch_1' }, '"dims", which must be an object like { batch: 1 }, not \'batch_1\'.'],
  ['sizes as a list', { dims: ['batch'] }, '"dims", which must be an object like { batch: 1 }, not [ \'batch\' ].'],
  ['sizes as a Map', { dims: new Map([['batch', 1]]) }, '"dims", which must be an object like { batch: 1 }, not Map'],
  [
    'a list of targets',
    { target: ['x86-64', 'arm64'] },
    "\"target\", which must be one value of target=host|x86-64-v3|z16|wasm|…[,…], not [ 'x86-64', 'arm64' ].",
  ],
  ['a list of one', { O: [2] }, '"O", which must be one value of O=0|1|2|3, not [ 2 ].'],
  ['no value of a directive', { O: null }, '"O", which must be O=0|1|2|3 as a value, or left out, not null.'],
])('options are checked all the way down: %s', (_what, options, message) => {
  for (const attempt of [make(options), () => createPipeline(options as PluginOptions)])
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'USAGE_OPTION', message: expect.stringContaining(message) }),
    )
})

test.each([
  ['O', { O: 5 }, 'O="5" must be 0, 1, 2 or 3'],
  ['target', { target: 'z61' }, 'Unknown target "z61". Did you mean "z16"?'],
  ['compiler', { compiler: true }, 'compiler="true" must be one of auto'],
  ['dims', { dims: { batch: 0.5 } }, 'dims="batch_0.5" must be pairs like batch_1,seq_128'],
  ['files', { files: 'inlin' }, 'files="inlin" must be one of auto, url, inline, module. Did you mean "inline"?'],
])('a directive is read when the plugin is made: %s', (_, options, message) => {
  for (const attempt of [make(options), () => createPipeline(options as PluginOptions)])
    expect(attempt).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }))
})

/** Every way into this package, with options that nobody has type-checked. */
const ways: Readonly<Record<string, (options: never) => unknown>> = {
  createPipeline: (options) => createPipeline(options),
  loadModel: (options) => loadModel('./none.onnx', options),
  vite: (options) => unplugin.vite(options),
  rollup: (options) => unplugin.rollup(options),
  rolldown: (options) => unplugin.rolldown(options),
  esbuild: (options) => unplugin.esbuild(options),
  // Made with the compiler.
  webpack: (options) => unplugin.webpack(options).apply(webpack({})),
  rspack: (options) => unplugin.rspack(options).apply(rspack({})),
  rsbuild: (options) => {
    type Configure = (
      config: object,
      utils: { appendPlugins(plugin: { apply(compiler: unknown): void }): void },
    ) => void
    const apply = (configure: Configure): void => configure({}, { appendPlugins: (plugin) => plugin.apply(rspack({})) })
    return unplugin.rsbuild(options).setup({ context: { version: '2.0.0' }, modifyRspackConfig: apply })
  },
  farm: (options) => farm(options),
  next: (options) => next({}, options),
  nuxt: (options) => nuxt(options, nuxtApp),
  astro: (options) => astro(options).hooks['astro:config:setup']({ updateConfig: () => {} }),
  'Bun.build': (options) => setUpBunBuild({ config: {} } as BunBuilder, options, (path) => path),
  jest: (options) => createTransformer(options).processAsync('', '/none.onnx', { supportsStaticESM: true }),
  'register, Bun preloaded': (options) => {
    const root = mkdtempSync(join(tmpdir(), 'options-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    writeFileSync(join(root, 'package.json'), JSON.stringify({ 'unplugin-onnx-mlir': options }))
    return projectOptions(root)
  },
}
const nuxtApp: Nuxt = {
  options: { rootDir: '/none', buildDir: '/none/.nuxt' },
  hook: (name: string, configure: (given: never) => unknown) => {
    if (name === 'vite:extend') configure({ config: {} } as never)
  },
}

test.each(Object.entries(ways))('%s checks what it is given', async (_, way) => {
  for (const [options, message] of [
    [{ targett: 'wasm' }, 'Did you mean "target"?'],
    [{ limits: { rnk: 5 } }, '"limits.rnk". Did you mean "rank"?'],
    [{ onnxMlir: { options: { jobs: 0 } } }, '"onnxMlir.options.jobs", which must be a whole number of at least 1'],
    [{ O: 5 }, 'O="5" must be 0, 1, 2 or 3'],
  ] as const)
    await expect((async () => way(options as never))()).rejects.toThrow(message)
})

const tools: Readonly<Record<string, (options: never) => Promise<unknown>>> = {
  compileToStage: (options) => compileToStage('./none.onnx', 'mlir', options),
  generateTypes,
  nnpaReport: (options) => nnpaReport({} as Model, 'z16', options),
  'nnpaReport of': (model) => nnpaReport(model, 'z16'),
  'nnpaReport for': (target) => nnpaReport({ graph: {} } as Model, target),
  'compileToStage of': (id) => compileToStage(id, 'mlir', { outDir: 'a' }),
  'compileToStage to': (stage) => compileToStage('none.onnx', stage, { outDir: 'a' }),
}

test.each([
  ['compileToStage', { outdir: 'a' }, 'has an unknown option "outdir". Did you mean "outDir"?'],
  ['compileToStage', { outDir: 5 }, '"outDir", which must be the name of a folder, not 5.'],
  ['compileToStage', { outDir: 'a', limits: { rnk: 5 } }, '"limits.rnk". Did you mean "rank"?'],
  ['compileToStage', { outDir: 'a', O: 5 }, 'O="5" must be 0, 1, 2 or 3'],
  ['compileToStage', { outDir: 'a', cache: false }, 'has an unknown option "cache".'],
  ['generateTypes', { root: 'a', excluded: [] }, 'has an unknown option "excluded". Did you mean "exclude"?'],
  ['generateTypes', { root: 'a', exclude: 'dist' }, '"exclude", which must be a list of texts, not \'dist\'.'],
  ['nnpaReport', { predict: true }, 'has an unknown option "predict".'],
  ['nnpaReport', { dims: { batch: '1' } }, '"dims", which must be an object whose values are each a number'],
  ['nnpaReport', { placement: { rules: [], file: 'a' } }, 'has an unknown option "placement.file".'],
  ['nnpaReport', 'wasm', 'must be an object'],
  ['nnpaReport of', './none.onnx', 'none.onnx'],
  ['nnpaReport of', undefined, 'first argument must be the path of a model'],
  ['nnpaReport of', {}, 'first argument must be the path of a model'],
  ['nnpaReport for', 'x86-64', 'target must be z16 or z17, not x86-64'],
  ['nnpaReport for', undefined, 'target must be z16 or z17, not undefined'],
  ['compileToStage of', 5, 'first argument must be the path of a model'],
  [
    'compileToStage to',
    'mlirr',
    'must be one of onnx-basic, onnx-ir, zhigh, zlow, mlir, llvm-ir, obj, lib, jni. Did you mean "mlir"?',
  ],
  ['generateTypes', { root: '/none' }, "The project's folder /none is not there."],
])('%s says what of its options is none: %j', async (tool, options, message) => {
  await expect(tools[tool]!(options as never)).rejects.toThrow(message)
})

test.each(['wasm', 5, null, ['wasm']])('%j is no options', (options) => {
  expect(make(options)).toThrow('What the plugin is given must be an object')
})

test('all that is known is taken, and what is left out by its value', () => {
  const pipeline = createPipeline()
  const controller = new AbortController()
  const options = {
    cache: false,
    files: 'inline',
    limits: { nodes: 5, elements: Infinity },
    onnxMlir: {
      path: '/opt',
      options: { parallel: ['onnx.MatMul'], bounds: { n: { max: 4 } }, instrument: { profile: 'onnx' } },
    },
    operators: [],
    report: false,
    externalData: true,
    python: false,
  }
  expect(
    make({ ...options, pipeline, platform: 'edge', root: '.', signal: controller.signal, types: false }),
  ).not.toThrow()
  expect(make({ cache: undefined, platform: undefined, signal: undefined })).not.toThrow()
  expect(make(undefined)).not.toThrow()
})

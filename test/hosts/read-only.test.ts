import { execFile } from 'node:child_process'
import { chmod, mkdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { execute, temporaryFolder, writeFiles } from './app.ts'
import { addModel } from './models.ts'

// A project that whoever builds it may read, and write nothing to: a mount of a container, a package of another user.

/** Programs that build `main.js` of the folder that they are in, into the one that they are given, and print warnings. */
const builders: Readonly<Record<string, string>> = {
  vite: `
    import { build, createLogger } from 'vite'
    import onnx from 'unplugin-onnx-mlir/vite'
    const customLogger = { ...createLogger('silent'), warn: (line) => console.log(line) }
    await build({ root, configFile: false, customLogger, plugins: [onnx()], build: { ssr: root + '/main.js', outDir } })`,
  rollup: `
    import { rollup } from 'rollup'
    import onnx from 'unplugin-onnx-mlir/rollup'
    const onwarn = ({ message }) => console.log(message)
    const build = await rollup({ input: root + '/main.js', plugins: [onnx()], external: /^node:/, onwarn })
    await build.write({ dir: outDir })
    await build.close()`,
  rolldown: `
    import { rolldown } from 'rolldown'
    import onnx from 'unplugin-onnx-mlir/rolldown'
    const onLog = (_, { message }) => console.log(message)
    const build = await rolldown({ input: root + '/main.js', plugins: [onnx()], platform: 'node', onLog })
    await build.write({ dir: outDir })
    await build.close()`,
  esbuild: `
    import { build } from 'esbuild'
    import onnx from 'unplugin-onnx-mlir/esbuild'
    const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' }
    const { warnings } = await build({ ...options, entryPoints: [root + '/main.js'], outdir: outDir, plugins: [onnx()] })
    for (const { text } of warnings) console.log(text)`,
  webpack: `
    import webpack from 'webpack'
    import onnx from 'unplugin-onnx-mlir/webpack'
    ${compiled('webpack')}`,
  rspack: `
    import { rspack } from '@rspack/core'
    import onnx from 'unplugin-onnx-mlir/rspack'
    ${compiled('rspack')}`,
}

function compiled(host: string): string {
  return `
    const output = { path: outDir, filename: 'main.js', library: { type: 'commonjs2' } }
    const options = { context: root, entry: root + '/main.js', target: 'node', mode: 'production', output, plugins: [onnx()] }
    const stats = await new Promise((done, fail) => ${host}(options, (error, stats) => error ? fail(error) : done(stats)))
    const { warnings, errors } = stats.toJson({ warnings: true, errors: true })
    for (const { message } of [...errors, ...warnings]) console.log(message)`
}

/** What a program needs of this project. */
const packages = ['vite', 'rollup', 'rolldown', 'esbuild', 'webpack', '@rspack/core']

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log('skipped: a read-only project (only root can build as somebody who owns nothing)')

test.runIf(isRoot).each(Object.entries(builders))(
  '%s builds it, and says once what it can not write',
  async (host, text) => {
    const place = await temporaryFolder()
    const [root, outDir, home] = [join(place, 'project'), join(place, 'out'), join(place, 'home')]
    const main = `import model from './add.onnx?O=1'
    model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`
    await writeFiles(root, {
      'package.json': '{ "type": "module" }',
      'main.js': main,
      'add.onnx': addModel(10),
      'build.js': `const [root, outDir] = process.argv.slice(2)\n${text}`,
    })
    await mkdir(join(root, 'node_modules/@rspack'), { recursive: true })
    await symlink(resolve('.'), join(root, 'node_modules/unplugin-onnx-mlir'))
    for (const name of packages) await symlink(resolve('node_modules', name), join(root, 'node_modules', name))
    await chmod(place, 0o755)
    for (const folder of [outDir, home]) {
      await mkdir(folder)
      await chmod(folder, 0o777)
    }
    const nobody = { uid: 65_534, gid: 65_534 }
    const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: dirname(place) }
    const args = [join(root, 'build.js'), root, outDir]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env, ...nobody })
    const said = stdout + stderr
    expect(said.match(/EACCES/g) ?? [], said).toHaveLength(1)
    expect(said).toContain("The models' types are not up to date")
    await writeFiles(outDir, {
      'package.json': host === 'webpack' || host === 'rspack' ? '{}' : '{ "type": "module" }',
    })
    expect(await execute(join(outDir, 'main.js'))).toEqual([11, 12, 13])
  },
)

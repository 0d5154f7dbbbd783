import { execFile } from 'node:child_process'
import { chmod, copyFile, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Format } from 'esbuild'
import { describe, expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import { temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, node, runTool } from './framework.ts'

// Programs that are one file, with Node or Bun inside: models are in their JavaScript (files=inline).

const run = promisify(execFile)

/** Bundles a program with two models, in a folder of its own. */
async function bundle(format: Format, file: string): Promise<string> {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'main.js': `
      import add, { target } from './add.onnx'
      import more from './more.onnx'
      const sums = [add, more].map((model) => model.run({ x: Float32Array.of(1, 2, 3) }))
      Promise.all(sums).then((all) => console.log(JSON.stringify([all.map(({ y }) => [...y.data]), target === 'wasm'])))`,
    'add.onnx': addModel(10),
    'more.onnx': addModel(20),
  })
  await build({
    absWorkingDir: root,
    entryPoints: ['main.js'],
    bundle: true,
    platform: 'node',
    format,
    outfile: join(root, file),
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root, types: false, files: 'inline' })],
  })
  return root
}

/** Copies an executable to a folder where nothing else is, and runs it there as a new user. */
async function runAlone(executable: string): Promise<unknown> {
  const cwd = await temporaryFolder()
  const alone = join(cwd, 'program')
  await copyFile(executable, alone)
  await chmod(alone, 0o755)
  const { stdout } = await run(alone, { cwd, env: await newUser() })
  return JSON.parse(stdout)
}

const sums = [
  [
    [11, 12, 13],
    [21, 22, 23],
  ],
  false,
]

describe('one executable', () => {
  const sea = installed('sea')
  test.skipIf(!sea)('of Node (--experimental-sea-config)', async () => {
    const root = await bundle('cjs', 'main.cjs')
    await writeFiles(root, {
      'sea.json': '{ "main": "main.cjs", "output": "blob", "disableExperimentalSEAWarning": true }',
    })
    await runTool(root, '--experimental-sea-config', ['sea.json'])
    const program = join(root, 'program')
    await copyFile(node, program)
    await chmod(program, 0o755)
    const { inject } = createRequire(`${sea}/`)('postject') as { inject(...args: readonly unknown[]): Promise<void> }
    const options = { sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2' }
    await inject(program, 'NODE_SEA_BLOB', await readFile(join(root, 'blob')), options)
    expect(await runAlone(program)).toEqual(sums)
  })

  const bun = installed('bun')
  test.skipIf(!bun)('of Bun (bun build --compile)', async () => {
    const root = await bundle('esm', 'main.mjs')
    const program = join(root, 'program')
    const tool = join(bun!, 'node_modules/@oven/bun-linux-x64/bin/bun')
    await chmod(tool, 0o755)
    await run(tool, ['build', '--compile', 'main.mjs', '--outfile', program], { cwd: root })
    expect(await runAlone(program)).toEqual(sums)
  })
})

import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build as esbuildBuild } from 'esbuild'
import { rollup } from 'rollup'
import { describe, expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import type { Platform } from '../../src/emit/module.ts'
import rollupPlugin from '../../src/rollup.ts'
import { filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { denseModel, denseSignature } from '../hosts/browser/models.ts'
import { addModel } from '../hosts/models.ts'
import { expectClose, onnxruntime, randomInputs, reference } from '../onnxruntime.ts'
import { runtimes } from './runtimes.ts'

const ort = onnxruntime()
const run = promisify(execFile)
const sets = [randomInputs(denseSignature, 1), randomInputs(denseSignature, 2)]

interface Way {
  readonly name: string
  readonly platform: Platform
  readonly query: string
  /** Endings of the files beside the JavaScript: one model has a module for relaxed SIMD, too. */
  readonly beside: readonly string[]
}

const ways: readonly Way[] = [
  {
    name: 'for browsers, files beside it',
    platform: 'browser',
    query: '?files=url',
    beside: ['bin', 'wasm', 'wasm', 'wasm'],
  },
  {
    name: 'for Node, files beside it',
    platform: 'node',
    query: '?target=wasm',
    beside: ['bin', 'wasm', 'wasm', 'wasm'],
  },
  { name: 'files=inline', platform: 'node', query: '?target=wasm&files=inline', beside: [] },
]

const builders: Readonly<Record<string, (root: string, outDir: string, platform: Platform) => Promise<void>>> = {
  async esbuild(root, outDir, platform) {
    await esbuildBuild({
      entryPoints: [join(root, 'main.js')],
      outdir: outDir,
      outExtension: { '.js': '.mjs' },
      absWorkingDir: root,
      bundle: true,
      minify: true,
      format: 'esm',
      platform: platform === 'node' ? 'node' : 'browser',
      logLevel: 'silent',
      plugins: [esbuildPlugin({ root })],
    })
  },
  async rollup(root, outDir, platform) {
    const bundle = await rollup({ input: join(root, 'main.js'), plugins: [rollupPlugin({ root, platform })] })
    await bundle.write({ format: 'es', dir: outDir, entryFileNames: '[name].mjs' })
    await bundle.close()
  },
}

describe.each(Object.entries(builders))('%s', (_, build) => {
  test.each(ways)('$name: one build runs in every runtime', async ({ platform, query, beside }) => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{}',
      'main.js': `
        import add from './add.onnx${query}'
        import dense from './dense.onnx${query}'
        const sum = [...(await add.run({ x: Float32Array.of(1, 2, 3) })).y.data]
        const products = []
        for (const x of ${JSON.stringify(sets.map(({ x }) => x))})
          products.push([...(await dense.run({ x: Float32Array.from(x) })).y.data])
        console.log(JSON.stringify({ sum, target: add.target, products }))`,
      'add.onnx': addModel(10),
      'dense.onnx': denseModel(7),
    })
    await build(root, join(root, 'out'), platform)
    const folder = await realpath(await moveElsewhere(join(root, 'out')))
    const files = (await filesBelow(folder)).map((file) => /\w+$/.exec(file)![0])
    expect(files.filter((ending) => ending !== 'mjs').sort()).toEqual(beside)

    const expected = ort && (await reference(ort, join(root, 'dense.onnx'), denseSignature, sets))
    for (const { command, args, name } of runtimes) {
      if (!command) continue
      // Node's runtime can be told to look for libraries elsewhere.
      const variables = beside.length > 0 && platform === 'node' ? ['ONNX_MLIR_MODEL_DIR'] : []
      const { stdout, stderr } = await run(command, [...args(join(folder, 'main.mjs'), folder, variables)], {
        cwd: tmpdir(),
        env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
      })
      expect(stderr, name).toBe('')
      const answer = JSON.parse(stdout) as { sum: number[]; target: string; products: number[][] }
      expect(answer, name).toMatchObject({ sum: [11, 12, 13], target: 'wasm' })
      if (expected) expectClose({ [name]: answer.products.map((y) => ({ y })) }, { [name]: expected })
    }
  })
})

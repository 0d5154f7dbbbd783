import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build as esbuild } from 'esbuild'
import { rollup } from 'rollup'
import { describe, expect, test, vi } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import rollupPlugin from '../../src/rollup.ts'
import { filesBelow, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed } from './framework.ts'

// What packs functions for a hosting company (adapters for Vercel and Netlify, Next.js) follows a program to the files that it
// reads, which it guesses by working out paths on the machine that builds.

interface FileTrace {
  nodeFileTrace(files: readonly string[], options: { base: string }): Promise<{ fileList: ReadonlySet<string> }>
}

const framework = installed('sveltekit-2')

interface Way {
  readonly name: string
  readonly format: 'esm' | 'cjs'
  readonly files: 'url' | 'inline'
  readonly minify?: boolean
  bundle(root: string, dist: string, way: Way): Promise<unknown>
}

const byEsbuild: Way['bundle'] = (root, outdir, { format, files, minify = false }) =>
  esbuild({
    absWorkingDir: root,
    entryPoints: ['main.js'],
    bundle: true,
    platform: 'node',
    format,
    minify,
    outdir,
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root, types: false, files })],
  })

const byRollup: Way['bundle'] = async (root, dir, { format, files }) => {
  const input = join(root, 'main.js')
  const build = await rollup({ input, plugins: [rollupPlugin({ root, types: false, files })], logLevel: 'silent' })
  await build.write({ dir, format })
}

const ways: readonly Way[] = [
  { name: 'esbuild', format: 'esm', files: 'inline', bundle: byEsbuild },
  { name: 'esbuild', format: 'cjs', files: 'inline', bundle: byEsbuild, minify: true },
  { name: 'Rollup', format: 'esm', files: 'inline', bundle: byRollup },
  { name: 'Rollup', format: 'esm', files: 'url', bundle: byRollup },
  { name: 'Rollup', format: 'cjs', files: 'url', bundle: byRollup },
]

describe.skipIf(!framework)('@vercel/nft', () => {
  test.each(ways)(
    'finds the files of a model, and nothing of who builds: $name, $format, files=$files',
    async (way) => {
      const { nodeFileTrace } = createRequire(join(framework!, 'x'))('@vercel/nft') as FileTrace
      const root = await temporaryFolder()
      const uid = String(process.geteuid?.() ?? '')
      await writeFiles(root, {
        'main.js': `import model from './add.onnx?profile=onnx'\nmodel.run({ x: [1, 2, 3] })`,
        'add.onnx': addModel(10),
        'home/.cache/unplugin-onnx-mlir/files/secret.txt': 'of another program',
        [`tmp/unplugin-onnx-mlir-${uid}/secret.txt`]: 'of another program',
        [`tmp/onnx-mlir-profile-${process.pid}-1.txt`]: 'of another program',
      })
      const dist = join(root, 'dist')
      await way.bundle(root, dist, way)
      vi.stubEnv('HOME', join(root, 'home'))
      vi.stubEnv('TMPDIR', join(root, 'tmp'))
      const { fileList } = await nodeFileTrace([join(dist, 'main.js')], { base: '/' })
      vi.unstubAllEnvs()
      const traced = [...fileList].map((file) => join('/', file)).toSorted()
      expect(traced).toEqual((await filesBelow(dist)).map((file) => join(dist, file)))
    },
  )
})

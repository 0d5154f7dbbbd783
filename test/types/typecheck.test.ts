import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { declaredOf } from '../../src/pipeline/index.ts'
import { generateTypes } from '../../src/types/generate.ts'
import { foreignModels } from './foreign-models.ts'
import { buildPackage, installedFixture, signatureOf, tsc, tscPaths } from './project.ts'
import { typescripts } from './tools.ts'

const resolutions = [
  ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
]

let packageFolder: string

beforeAll(async () => {
  packageFolder = await mkdtemp(join(tmpdir(), 'onnx-mlir-package-'))
  await buildPackage(packageFolder)
})

afterAll(() => rm(packageFolder, { recursive: true, force: true }))

const paths = [...new Set([...tscPaths, ...Object.values(typescripts).map((folder) => join(folder, 'bin/tsc'))])]

describe.each(paths)('%s', (path) => {
  // The rest is the same for all, and takes the older ones long.
  const isNewest = path === paths[0]
  // The fixtures hold their expectations: exact types, and an @ts-expect-error on every wrong use.
  test.each(['service', 'float16'])('fixture %s', async (name) => {
    const root = await installedFixture(name, packageFolder)
    const { problems } = await generateTypes({ root, signatureOf })
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    for (const flags of isNewest ? resolutions : resolutions.slice(0, 1)) {
      // Without skipLibCheck: the generated declarations are checked too.
      expect((await tsc(path, ['-p', root, ...flags, '--skipLibCheck', 'false'])).output).toBe('')
    }
  })

  test('fixture formats: a .tflite with labels, and a .pt2 with a dict of outputs and a batch between bounds', async () => {
    const root = await installedFixture('formats', packageFolder)
    for (const [name, bytes] of Object.entries(foreignModels())) await writeFile(join(root, 'src', name), bytes)
    const { problems } = await generateTypes({ root, signatureOf: (model) => declaredOf(model) })
    expect(problems).toEqual([])
    for (const flags of isNewest ? resolutions : resolutions.slice(0, 1))
      expect((await tsc(path, ['-p', root, ...flags, '--skipLibCheck', 'false'])).output).toBe('')
  })

  test.runIf(isNewest)('the runtime needs neither the types of the DOM nor of Node', async () => {
    const root = await installedFixture('bare', packageFolder)
    const uses = ['runtime', 'runtime/node', 'runtime/web'].map((path) => `export * from 'unplugin-onnx-mlir/${path}'`)
    await writeFile(join(root, 'src/use.ts'), uses.join('\n'))
    await writeFile(
      join(root, 'tsconfig.plain.json'),
      JSON.stringify({
        extends: './tsconfig.json',
        compilerOptions: { lib: ['es2022'], types: [], skipLibCheck: false },
        include: ['src'],
      }),
    )
    for (const flags of resolutions)
      expect((await tsc(path, ['-p', join(root, 'tsconfig.plain.json'), ...flags])).output).toBe('')
  })

  test('before any generation, the client types models loosely', async () => {
    const root = await installedFixture('bare', packageFolder)
    for (const flags of isNewest ? resolutions : resolutions.slice(1)) {
      expect((await tsc(path, ['-p', root, ...flags])).output).toBe('')
    }
  })

  test.runIf(isNewest)('generated types come before those of the client', async () => {
    const root = await installedFixture('service', packageFolder)
    await generateTypes({ root, signatureOf })
    const { output } = await tsc(path, ['-p', root, ...(resolutions[0] ?? []), '--types', 'unplugin-onnx-mlir/client'])
    expect(output).toBe('')
  })

  test.runIf(isNewest)('on Windows, a query is typed by its prefix where that is unique', async () => {
    const root = await installedFixture('service', packageFolder)
    await unlink(join(root, 'src/b/use.ts'))
    await unlink(join(root, 'src/b/m.onnx'))
    const { written, problems } = await generateTypes({ root, signatureOf, platform: 'win32' })
    expect(problems).toEqual([])
    expect(written.filter((file) => file.includes('?'))).toEqual([])
    for (const flags of resolutions) expect((await tsc(path, ['-p', root, ...flags])).output).toBe('')
  })

  test.runIf(isNewest)('a CommonJS project has the types of the ES module that the model is', async () => {
    const root = await installedFixture('float16', packageFolder)
    await unlink(join(root, 'package.json'))
    await generateTypes({ root, signatureOf })
    const { output } = await tsc(path, ['-p', root, '--module', 'nodenext', '--moduleResolution', 'nodenext'])
    // Only top-level await is wrong there: `.ts` is CommonJS without "type": "module".
    expect(output.split('\n').filter((line) => line.includes('error') && !line.includes('TS1309'))).toEqual([])
  })
})

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cli, cliJson, temporaryFolder } from './cli.ts'
import { addModel } from './models.ts'

async function project(tsconfig: object): Promise<string> {
  const root = await temporaryFolder()
  await writeFile(join(root, 'package.json'), '{}')
  await writeFile(join(root, 'add.onnx'), addModel())
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify(tsconfig))
  return root
}

const fitting = { compilerOptions: { allowArbitraryExtensions: true, rootDirs: ['.', './.onnx-mlir/types'] } }

test('writes what --check finds missing', async () => {
  const root = await project(fitting)
  const before = await cliJson('types', '--root', root, '--check')
  expect(before.code).toBe(1)
  expect(before.json.written).toContain('.onnx-mlir/types/add.d.onnx.ts')
  const made = await cliJson('types', '--root', root)
  expect(made).toMatchObject({ code: 0, json: { written: before.json.written, removed: [], problems: [] } })
  expect(await readFile(join(root, '.onnx-mlir/types/add.d.onnx.ts'), 'utf8')).toContain('batch')
  expect(await cliJson('types', '--root', root, '--check')).toMatchObject({ code: 0, json: { written: [] } })
})

test('a broken model and a tsconfig that hides the types are failures', async () => {
  const broken = await project(fitting)
  await writeFile(join(broken, 'add.onnx'), 'no model')
  expect(await cli('types', '--root', broken)).toMatchObject({
    code: 1,
    out: expect.stringContaining('not ONNX'),
  })
  const hidden = await project({ compilerOptions: {} })
  const { code, json } = await cliJson('types', '--root', hidden)
  expect(code).toBe(1)
  expect(json.problems).toEqual([expect.objectContaining({ code: 'TYPES_TSCONFIG', severity: 'error' })])
})

test('a project without models, and no project at all', async () => {
  expect(await cli('types', '--root', await temporaryFolder())).toMatchObject({ code: 0, out: 'no models found\n' })
  expect(await cli('types', '--root', '/nowhere')).toMatchObject({
    code: 2,
    err: expect.stringContaining('no folder /nowhere'),
  })
})

test('--fix has the configuration extend ours, once, and leaves its comments', async () => {
  const root = await project({})
  const path = join(root, 'tsconfig.json')
  await writeFile(path, '{\n  // mine\n  "compilerOptions": { "strict": true }\n}\n')
  const { out } = await cli('types', '--root', root, '--fix')
  expect(out).toContain('extends unplugin-onnx-mlir/tsconfig')
  const text = await readFile(path, 'utf8')
  expect(text).toBe(
    '{\n  "extends": "unplugin-onnx-mlir/tsconfig",\n  // mine\n  "compilerOptions": { "strict": true }\n}\n',
  )
  expect((await cli('types', '--root', root, '--fix')).out).not.toContain('it extends')
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('--fix needs a configuration, and a --check changes nothing', async () => {
  const root = await temporaryFolder()
  expect(await cli('types', '--root', root, '--fix')).toMatchObject({
    code: 2,
    err: expect.stringContaining('tsc --init'),
  })
  expect(await cli('types', '--root', root, '--fix', '--check')).toMatchObject({ code: 2 })
})

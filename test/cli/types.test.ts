import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

const repository = join(import.meta.dirname, '../..')
const fitting = {
  compilerOptions: { allowArbitraryExtensions: true, rootDirs: ['.', './.onnx-mlir/types'] },
  include: ['**/*', './.onnx-mlir/types/models.d.ts'],
}

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

test('a project that can not be written to is no bug of ours', async () => {
  const root = await project(fitting)
  await writeFile(join(root, '.onnx-mlir'), '')
  for (const more of [[], ['--fix']])
    expect(await cli('types', '--root', root, ...more)).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /^Can't write to .*: .*a file.*, or run this as a user who may write to the project\.$/m,
      ),
    })
})

test('a project without models, and no project at all', async () => {
  expect(await cli('types', '--root', await temporaryFolder())).toMatchObject({ code: 0, out: 'no models found\n' })
  expect(await cli('types', '--root', '/nowhere')).toMatchObject({
    code: 2,
    err: expect.stringContaining('no folder /nowhere'),
  })
})

test('--fix changes what hides the types, once, and tells what', async () => {
  const root = await project({})
  await mkdir(join(root, 'node_modules'))
  await symlink(repository, join(root, 'node_modules/unplugin-onnx-mlir'))
  const path = join(root, 'tsconfig.json')
  await writeFile(path, '{\n  // mine\n  "compilerOptions": { "strict": true }\n}\n')
  await writeFile(join(root, '.gitignore'), 'node_modules')
  const { code, out } = await cli('types', '--root', root, '--fix')
  expect(code).toBe(0)
  expect(out.split('\n').slice(0, 3)).toEqual([
    'changed tsconfig.json: it extends unplugin-onnx-mlir/tsconfig',
    'changed package.json: npm install writes the types, too: "prepare"',
    'changed .gitignore: it has .onnx-mlir/',
  ])
  const text = await readFile(path, 'utf8')
  expect(text).toBe(
    '{\n  "extends": "unplugin-onnx-mlir/tsconfig",\n  // mine\n  "compilerOptions": { "strict": true }\n}\n',
  )
  expect(await readFile(join(root, '.gitignore'), 'utf8')).toBe('node_modules\n.onnx-mlir/\n')
  expect(await cli('types', '--root', root, '--fix')).toMatchObject({ code: 0, out: '1 declaration up to date\n' })
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('--fix fails where it can not help, says why, and leaves files as they were', async () => {
  const root = await temporaryFolder()
  const fix = () => cli('types', '--root', root, '--fix')
  expect(await fix()).toMatchObject({ code: 1, out: expect.stringContaining('there is no tsconfig.json') })
  expect(await cli('types', '--root', root, '--fix', '--check')).toMatchObject({ code: 2 })

  await writeFile(join(root, 'add.onnx'), addModel())
  await writeFile(join(root, 'tsconfig.json'), '{\n  "include": [}\n')
  expect(await fix()).toMatchObject({
    code: 1,
    out: expect.stringContaining('tsconfig.json is left as it was: line 2, column 15: unexpected }'),
  })
  expect(await readFile(join(root, 'tsconfig.json'), 'utf8')).toBe('{\n  "include": [}\n')

  // A folder of sources that is a root folder itself: only the user knows what for.
  const hidden = JSON.stringify({ compilerOptions: { rootDirs: ['.', './src', './.onnx-mlir/types'] } })
  await writeFile(join(root, 'tsconfig.json'), hidden)
  await mkdir(join(root, 'src'))
  await writeFile(join(root, 'src/m.onnx'), addModel())
  expect(await fix()).toMatchObject({ code: 1, out: expect.stringContaining('which hides the types of src/m.onnx') })
  expect(await readFile(join(root, 'tsconfig.json'), 'utf8')).toBe(hidden)
})

// Root may write everywhere, so a nobody tries.
test.skipIf(process.getuid?.() !== 0)(
  'a project that can not be written to: an error that names the file',
  async () => {
    const root = await project({})
    await chmod(root, 0o755)
    const asNobody = (...args: string[]) =>
      promisify(execFile)(process.execPath, [join(repository, 'dist/cli/main.js'), 'types', '--root', root, ...args], {
        uid: 65534,
        env: { ...process.env, HOME: '/nonexistent' },
      }).then(
        () => ({ code: 0, stdout: '', stderr: '' }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      )
    for (const args of [['--fix'], []]) {
      const { code, stdout, stderr } = await asNobody(...args)
      expect(code).toBe(1)
      expect(stdout + stderr).toMatch(/^Can't write to .*\/\.onnx-mlir.*: you may not write there\./m)
    }
    expect(await readFile(join(root, 'tsconfig.json'), 'utf8')).toBe('{}')
  },
)

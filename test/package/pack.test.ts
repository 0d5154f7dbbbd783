import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { addModel } from '../hosts/models.ts'
import { checkout as root, installPacked, temporaryFolder } from './installed.ts'

const run = promisify(execFile)

let project: string
let moved: string

beforeAll(async () => {
  project = (await installPacked(['vite', 'typescript'])).folder
  moved = await temporaryFolder('pack-moved')
  const files = {
    'package.json': '{ "type": "module", "private": true }',
    'tsconfig.json':
      '{ "extends": "unplugin-onnx-mlir/tsconfig", "compilerOptions": { "strict": true, "noEmit": true, "module": "esnext", "moduleResolution": "bundler", "target": "es2023" } }',
    'vite.config.js': `import onnx from 'unplugin-onnx-mlir/vite'\nexport default { plugins: [onnx()], build: { ssr: 'main.ts' } }`,
    'main.ts': `
      import model from './add.onnx'
      // @ts-expect-error: the output is called y
      model.run({ x: new Float32Array(3) }).then(({ z }) => z)
      model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(y.data.join()))`,
    'add.onnx': addModel(10),
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(project, name), content)
})
test('builds with Vite, and what it built runs elsewhere', async () => {
  await run(process.execPath, [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn'], {
    cwd: project,
  })
  await cp(join(project, 'dist'), moved, { recursive: true })
  const { stdout } = await run(process.execPath, [join(moved, 'main.js')], { cwd: moved })
  expect(stdout).toBe('11,12,13\n')
})

test('types the import for plain tsc', async () => {
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], { cwd: project })
})

test('brings its command line', async () => {
  const cli = join(project, 'node_modules', 'unplugin-onnx-mlir', 'dist', 'cli', 'main.js')
  const { stdout } = await run(process.execPath, [cli, 'run', 'add.onnx', '--random', '--seed', '1', '--json', '-'], {
    cwd: project,
  })
  const { outputs } = JSON.parse(stdout) as { outputs: object[] }
  expect(outputs).toMatchObject([{ name: 'y', type: 'float32' }])
})

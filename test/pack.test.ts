import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addModel } from './hosts/models.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** An empty project with the packed package installed as a registry would; only its dependencies are links, for want of a network. */
let project: string
let moved: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'onnx-mlir-pack-'))
  moved = await mkdtemp(join(tmpdir(), 'onnx-mlir-pack-moved-'))
  const installed = join(project, 'node_modules', 'unplugin-onnx-mlir')
  await mkdir(installed, { recursive: true })
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', project], {
    cwd: root,
  })
  await run('tar', ['-xzf', join(project, stdout.trim()), '--strip-components=1', '-C', installed])
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: object
  }
  for (const name of [...Object.keys(dependencies), 'vite', 'typescript']) {
    const link = join(project, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, 'node_modules', name), link)
  }
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
afterAll(async () => {
  await rm(project, { recursive: true, force: true })
  await rm(moved, { recursive: true, force: true })
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

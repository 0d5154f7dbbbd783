import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { fileWith, temporaryFolder } from './cli.ts'
import { addModel, denseModel, tensorBytes, unknownModel } from './models.ts'
import { buildProgram, exitOf, type Program, textOf } from './program.ts'

let program: Program
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program.remove())

test('exit codes reach the shell', async () => {
  expect((await program.run(['--version'])).code).toBe(0)
  expect((await program.run(['inspect', '/nowhere.onnx'])).code).toBe(1)
  expect((await program.run(['inspect'])).code).toBe(2)
})

test.each(['--version', '--help'])('%s loads no command', async (flag) => {
  const hook = `
    import { writeSync } from 'node:fs'
    export async function load(url, context, next) {
      writeSync(2, url + '\\n')
      return next(url, context)
    }`
  const hooks = JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)
  const register = `import { register } from 'node:module'; register(${hooks})`
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(register)}`
  const { code, err } = await program.run([flag], { env: { ...process.env, NODE_OPTIONS } })
  expect(code).toBe(0)
  const loaded = err.split('\n').filter((line) => line.startsWith('file:'))
  expect(loaded.length).toBeGreaterThan(1)
  expect(loaded.length).toBeLessThan(20)
})

test('no colours where nobody looks', async () => {
  const { out } = await program.run(['inspect', await fileWith('dense.onnx', denseModel())])
  expect(out).toContain('MatMul')
  expect(out).not.toContain('\u001b')
})

/** A backend test of the add model. */
async function backendTest(suite: string, name: string, model: Uint8Array, expected: readonly number[]): Promise<void> {
  const set = join(suite, 'node', name, 'test_data_set_0')
  await mkdir(set, { recursive: true })
  await writeFile(join(suite, 'node', name, 'model.onnx'), model)
  await writeFile(join(set, 'input_0.pb'), tensorBytes(tensorFrom('float32', [1, 3], [1, 2, 3])))
  await writeFile(join(set, 'output_0.pb'), tensorBytes(tensorFrom('float32', [1, 3], expected)))
}

test('conformance counts and tells why', async () => {
  const suite = await temporaryFolder()
  await backendTest(suite, 'test_add', addModel(), [2, 4, 6])
  await backendTest(suite, 'test_add_wrong', addModel(), [2, 4, 7])
  await backendTest(suite, 'test_unknown', unknownModel(), [0, 0, 0])
  const file = join(suite, 'result.json')
  const { code, out } = await program.run(['conformance', '--suite', suite, '--json', file, '--jobs', '2'])
  expect(code).toBe(0)
  expect(out.trimEnd().split('\n').at(-1)).toBe('1 passed, 2 failed, 0 skipped')
  expect(out).toContain('fail test_add_wrong: test_data_set_0: output "y": element 2 is 6, expected 7')
  expect(JSON.parse(await readFile(file, 'utf8')).tests).toEqual({
    test_add: { status: 'pass' },
    test_add_wrong: { status: 'fail', reason: expect.stringContaining('element 2 is 6, expected 7') },
    test_unknown: { status: 'fail', reason: expect.stringContaining('Frobnicate') },
  })
  const filtered = await program.run(['conformance', '--suite', suite, '--filter', 'wrong$'])
  expect(filtered.out.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed, 0 skipped')
})

test.each([
  [[], 2, /--suite DIR is required/],
  [['--suite', '/nowhere'], 2, /There is no folder \/nowhere/],
  [['--suite', '.', '--filter', '('], 2, /--filter is no regular expression/],
  [['--suite', '.', '--compiler', 'gcc'], 2, /compiler="gcc" must be one of/],
  [
    ['--suite', '.', '--sanitize', '--target', process.arch === 's390x' ? 'riscv64' : 'z16'],
    1,
    /can't run on this machine/,
  ],
])('conformance %j', async (args, expected, message) => {
  const { code, err } = await program.run(['conformance', ...args], { cwd: await temporaryFolder() })
  expect(err).toMatch(message)
  expect(code).toBe(expected)
})

test.skipIf(process.platform === 'win32')('Ctrl-C ends a compilation, and the compiler with it', async () => {
  const folder = await temporaryFolder()
  const compiler = join(folder, 'cc')
  const started = join(folder, 'started')
  // Answers what it is asked about itself, and takes forever to compile.
  await writeFile(
    compiler,
    `#!/bin/sh
case "$*" in
  --version) echo 'gcc (test) 12.2.0'; echo 'Free Software Foundation' ;;
  -dumpmachine) exec cc -dumpmachine ;;
  *-fsyntax-only*) exit 0 ;;
  *) echo $$ > '${started}'; exec sleep 600 ;;
esac
`,
  )
  await chmod(compiler, 0o755)
  const model = await fileWith('dense.onnx', denseModel())
  const cache = await temporaryFolder()
  const child = program.start(['compile', model, '--out', folder, '-c', 'builtin', '--cache', cache], {
    cwd: folder,
    env: { ...process.env, CC: compiler },
  })
  const [exit, err] = [exitOf(child), textOf(child.stderr)]
  const pid = Number(await waitForFile(started))
  child.kill('SIGINT')
  expect(await exit).toBe(130)
  expect(await err).toBe('Interrupted.\n')
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('types --watch writes what changes, and Ctrl-C ends it', async () => {
  const root = await temporaryFolder()
  await writeFile(join(root, 'package.json'), '{}')
  const child = program.start(['types', '--watch', '--root', root])
  const exit = exitOf(child)
  await line(child, 'watching')
  await writeFile(join(root, 'add.onnx'), addModel())
  const declaration = await waitForFile(join(root, '.onnx-mlir/types/add.d.onnx.ts'))
  expect(declaration).toContain('batch')
  child.kill('SIGINT')
  expect(await exit).toBe(0)
})

/** Waits until a program prints a line that contains `text`. */
async function line(child: ReturnType<Program['start']>, text: string): Promise<void> {
  let seen = ''
  for await (const chunk of child.stdout ?? []) {
    seen += String(chunk)
    if (seen.includes(text)) return
  }
  throw new Error(`the program ended without ${JSON.stringify(text)}: ${seen}`)
}

/** The content of a file, once it is there. */
async function waitForFile(path: string): Promise<string> {
  for (let end = Date.now() + 60_000; Date.now() < end;) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text !== '') return text
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${path} was not written`)
}

test.runIf(process.platform === 'linux')(
  'bench --memory counts weights once, and tells where they are mapped',
  async () => {
    const [rows, columns] = [64, 131_072]
    const bytes = 4 * rows * columns
    const model = modelBytes({
      opsets: { '': 17 },
      inputs: { x: tensorType('float32', [1, rows]) },
      outputs: { y: tensorType('float32', [1, columns]) },
      initializers: { w: tensorFrom('float32', [rows, columns], new Float32Array(rows * columns).fill(0.5)) },
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    })
    const file = await fileWith('wide.onnx', model)
    const engines = 'builtin,builtin-wasm,onnxruntime-node'
    const { code, out, err } = await program.run(['bench', file, '--memory', '--engines', engines, '--json', '-'])
    expect(err).toBe('')
    expect(code).toBe(0)
    const { wide } = (JSON.parse(out) as { models: Record<string, any> }).models
    for (const { peakBytes, heldBytes } of [wide!.builtin, wide!['builtin-wasm']]) {
      expect(heldBytes).toBeGreaterThan(bytes)
      expect(peakBytes).toBeGreaterThanOrEqual(heldBytes)
    }
    expect(wide!.builtin.peakBytes).toBeLessThan(1.2 * bytes)
    expect(wide!.builtin.mappedBytes).toBeGreaterThan(bytes)
    expect(wide!['builtin-wasm'].mappedBytes).toBeLessThan(bytes / 2)
    expect(wide!['onnxruntime-node']).toEqual({ error: expect.stringContaining('onnxruntime-node is not installed') })
  },
)

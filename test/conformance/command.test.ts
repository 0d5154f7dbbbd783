import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { encodeTensor } from '../../src/onnx/write.ts'
import { findWasm } from '../../src/toolchains/wasm-find.ts'
import { makeFolder } from '../scratch.ts'
import { f32 } from '../ops/harness.ts'
import { buildProgram, type Program } from '../cli/program.ts'

/** Whether this processor rounds a multiply-add once. */
const hasFma =
  process.arch === 'arm64' || (existsSync('/proc/cpuinfo') && / fma /.test(readFileSync('/proc/cpuinfo', 'utf8')))

// The command over a suite of our own: y = 2 x, with expected values that are right, a little off, and wrong.

const suite = makeFolder()
const scalars = makeFolder()
let program: Program

async function addTest(name: string, op: string, expected: readonly number[]): Promise<void> {
  const folder = join(suite, 'node', name)
  const data = join(folder, 'test_data_set_0')
  await mkdir(data, { recursive: true })
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [3]) },
    outputs: { y: tensorType('float32', [3]) },
    nodes: [{ op, inputs: ['x', 'x'], outputs: ['y'] }],
  })
  await writeFile(join(folder, 'model.onnx'), bytes)
  await writeFile(join(data, 'input_0.pb'), encodeTensor(f32([1, 10, 1000])))
  await writeFile(join(data, 'output_0.pb'), encodeTensor(f32(expected)))
}

beforeAll(async () => {
  program = await buildProgram()
  await addTest('test_near', 'Add', [2.01, 20, 2000])
  await addTest('test_right', 'Add', [2, 20, 2000])
  await addTest('test_unknown', 'Summon', [2, 20, 2000])
  await addTest('test_wrong', 'Add', [3, 20, 2000])
})

/** The sum of a list, which the model declares a scalar, with an expected value of these dimensions. */
async function addSum(name: string, expected: readonly number[]): Promise<void> {
  const data = join(scalars, 'node', name, 'test_data_set_0')
  await mkdir(data, { recursive: true })
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [3]) },
    outputs: { y: tensorType('float32', []) },
    nodes: [{ op: 'ReduceSum', inputs: ['x'], outputs: ['y'], attributes: { keepdims: 0n } }],
  })
  await writeFile(join(data, '..', 'model.onnx'), bytes)
  await writeFile(join(data, 'input_0.pb'), encodeTensor(f32([1, 10, 1000])))
  await writeFile(join(data, 'output_0.pb'), encodeTensor(f32([1011], expected)))
}

test('takes a list of one for what the model declares a scalar, and nothing else', async () => {
  await addSum('test_list', [1])
  await addSum('test_matrix', [1, 1])
  await addSum('test_scalar', [])
  const file = join(makeFolder(), 'result.json')
  await program.run(['conformance', '--suite', scalars, '--jobs', '1', '--json', file])
  const { tests } = JSON.parse(await readFile(file, 'utf8')) as { tests: Record<string, { status: string }> }
  const passed = Object.keys(tests).filter((name) => tests[name]!.status === 'pass')
  expect(passed).toEqual(['test_list', 'test_scalar'])
})

test('takes ranks that a model does not state from the data', async () => {
  const suite = makeFolder()
  for (const dims of [[], [3], [1, 3]]) {
    const data = join(suite, `test_rank_${dims.length}`, 'test_data_set_0')
    await mkdir(data, { recursive: true })
    const anything = { kind: 'tensor', type: 'float32', shape: undefined } as const
    const bytes = modelBytes({
      opsets: { '': 21 },
      inputs: { 'x.y': anything },
      outputs: { y: anything },
      nodes: [{ op: 'Neg', inputs: ['x.y'], outputs: ['y'] }],
    })
    const values = dims.length === 0 ? [1] : [1, 2, 3]
    await writeFile(join(data, '..', 'model.onnx'), bytes)
    await writeFile(join(data, 'input_0.pb'), encodeTensor(f32(values, dims)))
    await writeFile(
      join(data, 'output_0.pb'),
      encodeTensor(
        f32(
          values.map((value) => -value),
          dims,
        ),
      ),
    )
  }
  for (const how of [[], ['--sanitize']]) {
    const { out } = await program.run(['conformance', '--suite', suite, '--jobs', '1', ...how])
    expect(out.trimEnd()).toBe('3 passed, 0 failed, 0 skipped')
  }
})

afterAll(() => program.remove())

async function conformance(...args: readonly string[]) {
  const file = join(makeFolder(), 'result.json')
  const { code, out } = await program.run(['conformance', '--suite', suite, '--jobs', '1', '--json', file, ...args])
  const { tests } = JSON.parse(await readFile(file, 'utf8')) as {
    tests: Record<string, { status: string; reason?: string }>
  }
  const passed = Object.keys(tests).filter((name) => tests[name]!.status === 'pass')
  return { code, last: out.trimEnd().split('\n').at(-1), tests, passed }
}

describe.each([['as users compile'], ['sanitized', '--sanitize']])('conformance %s', (_, ...how) => {
  test('counts, gives reasons, and ends with exit code 0', async () => {
    const { code, last, tests, passed } = await conformance(...how)
    expect([code, last, passed]).toEqual([0, '1 passed, 3 failed, 0 skipped', ['test_right']])
    expect(Object.keys(tests)).toEqual(['test_near', 'test_right', 'test_unknown', 'test_wrong'])
    expect(tests['test_wrong']).toEqual({
      status: 'fail',
      reason: 'test_data_set_0: output "y": element 0 is 2, expected 3',
    })
    expect(tests['test_unknown']!.reason).toContain('Summon')
  })

  test('takes tolerances and a level', async () => {
    const near = ['test_near', 'test_right']
    expect((await conformance(...how, '--rtol', '0.01', '-O', '0')).passed).toEqual(near)
    expect((await conformance(...how, '--atol-of-max', '1e-5', '-O', '2')).passed).toEqual(near)
    expect((await conformance(...how, '--atol-of-max', '1e-6', '--rtol', '0')).passed).toEqual(['test_right'])
  })
})

const compilesWasm = await findWasm().then(
  () => true,
  () => false,
)
if (!compilesWasm) console.log('skipped: conformance of WebAssembly (no clang with wasm-ld, no @yowasp/clang)')

// A square that lacks its last bits when it is rounded before something is taken from it.
test.runIf(compilesWasm)(
  '--variants runs the modules for relaxed SIMD, where sums of products are rounded once',
  async () => {
    const suite = makeFolder()
    const [exact, root] = [2 ** -12, 2 ** 6 * (1 + 2 ** -12)]
    const data = join(suite, 'test_fused', 'test_data_set_0')
    await mkdir(data, { recursive: true })
    const columns = 8
    const row = (value: number): number[] => Array<number>(columns).fill(value)
    const w = f32([...row(-(2 ** 12) * (1 + 2 ** -11)), ...row(root)], [2, columns])
    const bytes = modelBytes({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', [1, 2]) },
      outputs: { y: tensorType('float32', [1, columns]) },
      initializers: { w },
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    })
    await writeFile(join(suite, 'test_fused', 'model.onnx'), bytes)
    await writeFile(join(data, 'input_0.pb'), encodeTensor(f32([1, root], [1, 2])))
    await writeFile(join(data, 'output_0.pb'), encodeTensor(f32(row(exact), [1, columns])))
    const run = async (...more: string[]): Promise<string | undefined> => {
      const { out } = await program.run(['conformance', '--suite', suite, '--target', 'wasm', '--jobs', '1', ...more])
      return out.trimEnd().split('\n').at(-1)
    }
    expect(await run()).toBe('0 passed, 1 failed, 0 skipped')
    expect(await run('--variants')).toBe(hasFma ? '1 passed, 0 failed, 0 skipped' : '0 passed, 1 failed, 0 skipped')
  },
)

test.each([
  ['--rtol', 'much'],
  ['--atol-of-max', '-1'],
  ['-O', '4'],
  ['--sanitize', '--compiler', 'onnx-mlir'],
])('refuses %s %s', async (...args) => {
  const { code, err } = await program.run(['conformance', '--suite', suite, ...args])
  expect(code).toBe(2)
  expect(err).toContain(args[0] === '-O' ? 'O' : args[0])
})

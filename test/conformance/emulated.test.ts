import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CaseResult } from '../../src/conformance/case.ts'
import { isEmulated, openEmulator } from '../../src/conformance/emulated.ts'
import { packValues, unpackValues } from '../../src/conformance/packed-values.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { encodeTensor } from '../../src/onnx/write.ts'
import { isOfMachine, resolveTarget, thisMachine } from '../../src/targets/index.ts'
import { which } from '../../src/toolchains/programs.ts'
import { makeFolder } from '../scratch.ts'
import { buildProgram, type Program } from '../cli/program.ts'

// Code for other machines, as users get it, run by QEMU or Wine: right and wrong expectations, and values that have a byte order.

afterEach(() => vi.unstubAllEnvs())

let program: Program
beforeAll(async () => {
  program = await buildProgram()
})

const clang = ['clang-19', 'clang-22', 'clang-20', 'clang-17'].find((name) => which(name, process.env))

/** With `emulator`, that in the place of the target's own. */
const machines: readonly { name: string; cc?: string | undefined; emulator?: string }[] = [
  { name: 'z16' },
  { name: 'arm64' },
  { name: 'armv6' },
  { name: 'riscv64' },
  { name: 'win32-x64' },
  { name: 'riscv64-v', cc: clang ?? 'clang-17' },
  // Vectors of another length than those that the code is for.
  { name: 'riscv64-v', cc: clang ?? 'clang-17', emulator: 'qemu-riscv64 -cpu rv64,v=true,vext_spec=v1.0,vlen=256' },
]

function missing(name: string, cc = 'cc'): string | undefined {
  const target = resolveTarget(name)
  const { emulator, crossPrefixes } = target
  if (isOfMachine(target)) return 'it is this machine'
  const compilers = crossPrefixes.map((prefix) => `${prefix}gcc`)
  if (!compilers.some((compiler) => which(compiler, process.env))) return `no ${compilers[0]}`
  if (!which(cc, process.env)) return `no ${cc}`
  return which(emulator![0], process.env) ? undefined : `no ${emulator![0]}`
}

async function addTest(suite: string, name: string, model: Uint8Array, inputs: Tensor[], outputs: Tensor[]) {
  const data = join(suite, name, 'test_data_set_0')
  await mkdir(data, { recursive: true })
  await writeFile(join(suite, name, 'model.onnx'), model)
  for (const [i, tensor] of inputs.entries()) await writeFile(join(data, `input_${i}.pb`), encodeTensor(tensor))
  for (const [i, tensor] of outputs.entries()) await writeFile(join(data, `output_${i}.pb`), encodeTensor(tensor))
}

const opsets = { '': 21 }
const type = tensorType

/** Weights of several widths in the library, int64 and float16 at its edge, strings, and an output whose size the data decide. */
async function makeSuite(): Promise<string> {
  const suite = makeFolder()
  const product = modelBytes({
    opsets,
    inputs: { x: type('float32', ['n', 3]) },
    outputs: { y: type('float32', ['n', 2]) },
    initializers: { w: tensorFrom('float32', [3, 2], [1, 2, 3, 4, 5, 6]) },
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
  })
  const x = tensorFrom('float32', [2, 3], [1, 0, -1, 0.5, 1000, 2])
  await addTest(suite, 'test_right', product, [x], [tensorFrom('float32', [2, 2], [-4, -4, 3010.5, 4013])])
  await addTest(suite, 'test_wrong', product, [x], [tensorFrom('float32', [2, 2], [-4, -4, 3010.5, 4100])])
  const bits = modelBytes({
    opsets,
    inputs: { x: type('int64', [3]) },
    outputs: { y: type('float16', [3]), z: type('int64', ['k', 1]) },
    initializers: { big: tensorFrom('int64', [3], [2n ** 40n, 1n, -(2n ** 40n)]) },
    nodes: [
      { op: 'Sub', inputs: ['x', 'big'], outputs: ['d'] },
      { op: 'Cast', inputs: ['d'], outputs: ['y'], attributes: { to: 10n } },
      { op: 'NonZero', inputs: ['d'], outputs: ['at'] },
      { op: 'Transpose', inputs: ['at'], outputs: ['z'] },
    ],
  })
  await addTest(
    suite,
    'test_bits',
    bits,
    [tensorFrom('int64', [3], [2n ** 40n + 1024n, 1n, -(2n ** 40n) - 3n])],
    [tensorFrom('float16', [3], [1024, 0, -3]), tensorFrom('int64', [2, 1], [0n, 2n])],
  )
  const texts = modelBytes({
    opsets,
    inputs: { a: type('string', [2]), b: type('string', [2]) },
    outputs: { c: type('string', [2]) },
    nodes: [{ op: 'StringConcat', inputs: ['a', 'b'], outputs: ['c'] }],
  })
  const text = (...strings: string[]): Tensor => ({ type: 'string', dims: [2], data: new Uint8Array(), strings })
  await addTest(suite, 'test_texts', texts, [text('z', ''), text('/Architecture', 'é')], [text('z/Architecture', 'é')])
  const refused = modelBytes({
    opsets,
    inputs: { x: type('float32', ['n']), i: type('int64', [1]) },
    outputs: { y: type('float32', [1]) },
    nodes: [{ op: 'Gather', inputs: ['x', 'i'], outputs: ['y'] }],
  })
  const far = tensorFrom('int64', [1], [7n])
  await addTest(
    suite,
    'test_refused',
    refused,
    [tensorFrom('float32', [2], [1, 2]), far],
    [tensorFrom('float32', [1], [0])],
  )
  return suite
}

/** A PATH on which a command stands for the emulator that it begins with; that one's own option -cpu is dropped. */
async function standIn(command: string): Promise<string> {
  const folder = makeFolder()
  const [name = ''] = command.split(' ')
  const script = `#!/bin/sh\nshift 2\nexec ${which(name, process.env)}${command.slice(name.length)} "$@"\n`
  await writeFile(join(folder, name), script, { mode: 0o755 })
  return `${folder}:${process.env['PATH']}`
}

describe.each(machines)('$name, $emulator', ({ name, cc, emulator }) => {
  const why = missing(name, cc)
  if (why !== undefined) console.log(`skipped: models for ${name} under emulation: ${why}`)
  test.skipIf(why !== undefined)('runs models as its own machine would', { timeout: 120_000 }, async () => {
    const file = join(makeFolder(), 'result.json')
    const env = { ...process.env, ...(cc && { CC: cc }), ...(emulator && { PATH: await standIn(emulator) }) }
    const args = ['--suite', await makeSuite(), '--target', name, '--jobs', '1', '--json', file]
    await program.run(['conformance', ...args], { env })
    const { tests } = JSON.parse(await readFile(file, 'utf8')) as { tests: Record<string, CaseResult> }
    const said = Object.fromEntries(Object.entries(tests).map(([test, { status, reason }]) => [test, reason ?? status]))
    expect(said).toEqual({
      test_bits: 'pass',
      test_refused: expect.stringMatching(/^error 3: .*index/),
      test_right: 'pass',
      test_texts: 'pass',
      test_wrong: expect.stringMatching(/expected 4100/),
    })
  })
})

test('says which package has an emulator that is missing', async () => {
  const target = resolveTarget(thisMachine()?.arch === 's390x' ? 'riscv64' : 'z16')
  expect(isEmulated(target)).toBe(true)
  vi.stubEnv('PATH', '')
  await expect(openEmulator(target)).rejects.toThrow(
    /runs here by qemu-\w+, which is not on PATH\..* apt-get install qemu-user/,
  )
})

test.runIf(process.platform === 'linux')('Windows is another machine, wherever this one is', async () => {
  const target = resolveTarget('win32-x64')
  expect(isEmulated(target)).toBe(true)
  vi.stubEnv('PATH', '')
  await expect(openEmulator(target)).rejects.toThrow(/runs here by wine,.* apt-get install wine wine64/)
})

test('a higher level of this machine is not emulated: QEMU has no more of it than the machine', () => {
  expect(isEmulated(resolveTarget('host'))).toBe(false)
  expect(isEmulated(resolveTarget('wasm'))).toBe(false)
})

test('values are written and read in the order of the machine', () => {
  const entries = [{ name: 'x', type: 'int32', shape: [2] }] as const
  const values = new Map([['x', tensorFrom('int32', [2], [1, -2])]])
  const big = packValues(entries, values, 'big')
  expect([...big]).toEqual([0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 255, 255, 255, 254])
  expect(unpackValues(entries, big, 'big')).toEqual(values)
  expect(unpackValues(entries, packValues(entries, values, 'little'), 'little')).toEqual(values)
  for (const length of [0, 5, 8, 15])
    expect(() => unpackValues(entries, big.subarray(0, length), 'big')).toThrow(`of ${length} bytes end too early`)
})

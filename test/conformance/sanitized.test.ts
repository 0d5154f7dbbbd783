import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { type BuiltinSource, builtinSource } from '../../src/builtin/index.ts'
import { sanitizedProgram } from '../../src/conformance/sanitized.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { f32, i64, t } from '../ops/harness.ts'

// What the sanitizers see of a kernel that reads or writes one byte beside a value, wherever the value is, and that they
// see nothing where nothing is wrong.

const target = resolveTarget('host')
const probe = spawnSync(
  process.env['CC'] ?? 'cc',
  ['-fsanitize=address,undefined', '-x', 'c', '-', '-o', '/dev/null'],
  {
    input: 'int main(void) { return 0; }',
  },
)
if (probe.status !== 0) console.log('skipped: the C compiler has no sanitizers here')

/** x → Softmax → s; s + c → r; LogSoftmax of r → y: the middle kernel has values of each kind around it. */
function chain(rows: number | string): BuiltinSource {
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [rows, 5]) },
    outputs: { y: tensorType('float32', [rows, 5]) },
    initializers: { c: f32([1, 2, 3, 4, 5]) },
    nodes: [
      { op: 'Softmax', inputs: ['x'], outputs: ['s'] },
      { op: 'Add', inputs: ['s', 'c'], outputs: ['r'] },
      { op: 'LogSoftmax', inputs: ['r'], outputs: ['y'] },
    ],
  })
  return builtinSource(decodeModel(bytes, { path: 'chain.onnx' }), { target, identity: 'test', apart: true })
}

/** The source with a line more at the beginning of kernel number `at`, which knows its parameters' names. */
function withSlip(made: BuiltinSource, at: number, line: (names: string[]) => string): BuiltinSource {
  let kernel = 0
  const text = made.text.replace(/^OM_KERNEL \w+ \w+\((.*)\) \{\n/gm, (head, parameters: string) => {
    const names = parameters.split(', ').map((parameter) => /\w+$/.exec(parameter)![0])
    return kernel++ === at ? `${head}  ${line(names)}\n` : head
  })
  expect(text).not.toBe(made.text)
  return { ...made, text }
}

async function runProgram(made: BuiltinSource, inputs: Record<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
  const program = await sanitizedProgram(made, target)
  try {
    return (await program.run(new Map(Object.entries(inputs)))) as ReadonlyMap<string, Tensor>
  } finally {
    await program.close()
  }
}

const x = f32([1, 2, 3, 4, 5, 5, 4, 3, 2, 1], [2, 5])
const touch = (name: string | undefined, byte: number) => `((volatile char *)${name})[${byte}] |= 0;`
const read = (name: string | undefined, byte: number) => `(void)((const volatile char *)${name})[${byte}];`

describe.skipIf(probe.status !== 0)('a sanitized program', () => {
  test.each([['static', 2] as const, ['dynamic', 'n'] as const])('gives the right answer (%s)', async (_, rows) => {
    const y = (await runProgram(chain(rows), { x })).get('y')!
    expect(y.dims).toEqual([2, 5])
    const sums = tensorValues(y).map((value) => Math.exp(Number(value)))
    expect(sums.slice(0, 5).reduce((a, b) => a + b)).toBeCloseTo(1, 5)
  })

  const inner = (names: string[], prefix: string) => names.filter((name) => name.startsWith(prefix))
  const slips: readonly (readonly [string, number, (names: string[]) => string])[] = [
    ['beyond an input', 0, (names) => read(inner(names, 'x')[0], 40)],
    ['before an input', 0, (names) => read(inner(names, 'x')[0], -1)],
    ['beyond a value that a kernel writes', 0, (names) => touch(inner(names, 'y')[0], 40)],
    ['beyond a value that a kernel reads', 1, (names) => read(inner(names, 'x')[0], 40)],
    ['beyond a constant', 1, (names) => read(inner(names, 'x')[1], 20)],
    ['beyond an output', 2, (names) => touch(inner(names, 'y')[0], 40)],
  ]
  test.each(slips)('sees one byte %s', async (_, kernel, line) => {
    for (const rows of [2, 'n']) {
      const run = runProgram(withSlip(chain(rows), kernel, line), { x })
      await expect(run, String(rows)).rejects.toThrow(/^AddressSanitizer: .*\n[^]*(READ|WRITE) of size 1/)
    }
  })

  test('lets the last byte of each be touched', async () => {
    const all = (names: string[]) =>
      [
        read(
          names.find((name) => name.startsWith('x')),
          39,
        ),
        touch(
          names.find((name) => name.startsWith('y')),
          39,
        ),
      ].join(' ')
    await expect(runProgram(withSlip(chain(2), 0, all), { x })).resolves.toBeDefined()
  })

  test('sees what C leaves undefined', async () => {
    const shift = () => '{ volatile int by = 40; (void)(1 << by); }'
    await expect(runProgram(withSlip(chain(2), 0, shift), { x })).rejects.toThrow(/runtime error: shift exponent 40/)
  })

  test('passes every type, empty values and scalars, and texts of any length', async () => {
    const inputs: Record<string, Tensor> = {
      texts: t('string', ['', 'ä', 'long'.repeat(500)]),
      none: f32([], [0, 3]),
      scalar: i64([-7], []),
      half: t('float16', [0.5, -2]),
      nibbles: t('int4', [-8, 7, 1]),
      yes: t('bool', [true, false]),
    }
    const names = Object.keys(inputs)
    const bytes = modelBytes({
      opsets: { '': 21 },
      inputs: Object.fromEntries(names.map((name) => [name, tensorType(inputs[name]!.type, inputs[name]!.dims)])),
      outputs: Object.fromEntries(names.map((name) => [`${name}_out`, undefined])),
      nodes: names.map((name) => ({ op: 'Identity', inputs: [name], outputs: [`${name}_out`] })),
    })
    const made = builtinSource(decodeModel(bytes, { path: 'types.onnx' }), { target, identity: 'test', apart: true })
    const outputs = await runProgram(made, inputs)
    for (const name of names) {
      const [given, got] = [inputs[name]!, outputs.get(`${name}_out`)!]
      expect([got.type, got.dims, tensorValues(got)]).toEqual([given.type, given.dims, tensorValues(given)])
    }
  })

  test('says the error that a model ends with', async () => {
    const bytes = modelBytes({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', ['n', 2]), y: tensorType('float32', ['n', 2]) },
      outputs: { z: undefined },
      nodes: [{ op: 'Add', inputs: ['x', 'y'], outputs: ['z'] }],
    })
    const made = builtinSource(decodeModel(bytes, { path: 'm.onnx' }), { target, identity: 'test', apart: true })
    const inputs = { x: f32([1, 2], [1, 2]), y: f32([1, 2, 3, 4], [2, 2]) }
    await expect(runProgram(made, inputs)).rejects.toThrow(/^error 1: .*dimension 0 of input y/)
  })
})

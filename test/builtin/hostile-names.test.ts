import { describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { compileModel } from '../ops/harness.ts'

// A model's strings are anybody's. Whatever they say, the C must be the same program, and compile.

const evil = [
  'quote " and \\ backslash \\" \\\\',
  'line\nbreak\r\n#error "out"\n',
  '*/ int main(void) { system("true"); } /*',
  '// comment \\',
  'trigraph ??/" ??\' ??)',
  'percent %s %n %d',
  '${injected} `tick` $(shell)',
  '../../../etc/passwd',
  'NUL \0 inside',
  'R"x()x" L"w" \\u0000 \\x41',
  'ünïcödé \u202e 💥',
  'a'.repeat(70_000),
  'om_run',
  '0; return 1;',
]

function source(name: string, k: number) {
  const [x, y, dim, inner] = ['x', 'y', 'd', 't'].map((role) => `${name}${role}`) as [string, string, string, string]
  const branch = (op: string) => ({
    name,
    outputs: { [inner]: undefined },
    nodes: [{ op, name, inputs: [x], outputs: [inner] }],
  })
  return {
    opsets: { '': 21 },
    producer: name,
    docString: name,
    metadata: { [name]: name },
    name,
    inputs: {
      [x]: tensorType('float32', [dim, 2]),
      [`${name}i`]: tensorType('int64', ['m']),
      [`${name}c`]: tensorType('bool', []),
    },
    outputs: { [y]: undefined, [`${name}z`]: undefined, [`${name}s`]: undefined },
    initializers: {
      [`${name}k`]: tensorFrom('float32', [2], [1, k]),
      [`${name}s`]: tensorFrom('string', [1], [name.replaceAll('\0', '')]),
    },
    nodes: [
      { op: 'Add', name, inputs: [x, `${name}k`], outputs: [`${name}a`] },
      { op: 'Gather', name, inputs: [`${name}a`, `${name}i`], outputs: [y] },
      {
        op: 'If',
        name,
        inputs: [`${name}c`],
        outputs: [`${name}z`],
        attributes: { then_branch: branch('Neg'), else_branch: branch('Abs') },
      },
    ],
  }
}

describe('names of a model', () => {
  test.each(evil.map((name) => [JSON.stringify(name).slice(0, 40), name] as const))(
    '%s: only string literals differ',
    (_, name) => {
      const textOf = (given: string): string =>
        builtinSource(decodeModel(modelBytes(source(given, 5)), { path: 'm.onnx' }), {
          target: resolveTarget('host'),
          identity: 'test',
        }).text
      const withoutLiterals = (text: string): string => text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
      const text = textOf(name)
      expect(text).toMatch(/^[\x20-\x7e\n]*$/)
      expect(text).not.toContain('??')
      expect(withoutLiterals(text)).toBe(withoutLiterals(textOf('plain')))
    },
  )

  test('all of them compile together, run, and are given back as they are', async () => {
    // NUL ends a C string: names with it live in the signature alone.
    const parts = evil.map((name, k) => source(name, k))
    const merge = <T>(records: readonly Readonly<Record<string, T>>[]): Record<string, T> =>
      Object.assign({}, ...records)
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: merge(parts.map(({ inputs }) => inputs as Record<string, ReturnType<typeof tensorType>>)),
      outputs: merge(parts.map(({ outputs }) => outputs)),
      initializers: merge(parts.map(({ initializers }) => initializers)),
      nodes: parts.flatMap(({ nodes }) => nodes),
    })
    const inputs = (index: number) =>
      merge<unknown>(
        evil.map((name) => ({
          [`${name}x`]: { data: Float32Array.of(1, 2, 3, -4), dims: [2, 2] },
          [`${name}i`]: { data: BigInt64Array.of(BigInt(index)), dims: [1] },
          [`${name}c`]: { data: Uint8Array.of(1), dims: [] },
        })),
      )
    const outputs = model.runSync(inputs(1))
    evil.forEach((name, k) => {
      expect([...(outputs[`${name}y`]!.data as Float32Array)]).toEqual([4, -4 + k])
      expect([...(outputs[`${name}z`]!.data as Float32Array)]).toEqual([-1, -2, -3, 4])
      expect(outputs[`${name}s`]!.data).toEqual([name.replaceAll('\0', '')])
    })
    expect(() => model.runSync(inputs(7))).toThrow(/quote " and \\ backslash/)
  })
})

import { describe, expect, test } from 'vitest'
import { type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'
import { compileModel, t } from './harness.ts'

// Arithmetic on a dimension that only the run knows, followed by the compiler as far as it can: with constants of every
// size, in int64 and int32, against the same arithmetic on BigInts.

type Type = 'int32' | 'int64'
const bitsOf = { int32: 32, int64: 64 } as const
const wrap = (type: Type, n: bigint): bigint => BigInt.asIntN(bitsOf[type], n)

const floorModulo = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : ((a % b) + b) % b)

const operators: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => (b === 0n ? 0n : a / b),
  Mod: floorModulo,
  Max: (a, b) => (a > b ? a : b),
  Min: (a, b) => (a < b ? a : b),
}

const constants: Readonly<Record<Type, readonly bigint[]>> = {
  int32: [-(2n ** 31n), -(2n ** 31n) + 1n, -1000n, -1n, 0n, 1n, 2n, 3n, 640n, 2n ** 20n, 2n ** 31n - 1n],
  int64: [
    ...[-(2n ** 63n), 1n - 2n ** 63n, -(2n ** 53n) - 1n, -(2n ** 31n), -1000n, -1n, 0n, 1n, 2n, 3n, 640n],
    ...[2n ** 31n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n],
  ],
}

/** An output: its nodes, and what it should be for a dimension. */
interface Wanted {
  readonly nodes: NodeSource[]
  readonly name: string
  readonly type: Type
  readonly value: (n: bigint) => bigint
}

const node = (op: string, inputs: string[], output: string, attributes: NodeSource['attributes'] = {}): NodeSource => ({
  op,
  inputs,
  outputs: [output],
  attributes,
})

describe.each(['int64', 'int32'] as const)('shape arithmetic in %s', (type) => {
  test('is that of the element type, whatever the constants and the dimension', async () => {
    const initializers: Record<string, Tensor> = {}
    const wanted: Wanted[] = []
    for (const [i, c] of constants[type].entries()) {
      initializers[`c${i}`] = t(type, [c])
      for (const [op, compute] of Object.entries(operators)) {
        for (const order of ['nc', 'cn'] as const) {
          const name = `${op}_${order}_${i}`
          const inputs = order === 'nc' ? ['n', `c${i}`] : [`c${i}`, 'n']
          const value = (n: bigint): bigint => wrap(type, order === 'nc' ? compute(n, c) : compute(c, n))
          wanted.push({ nodes: [node(op, inputs, name)], name, type, value })
          // And on: what was concluded of the first is used by a second.
          const behind = `${name}_then`
          wanted.push({
            nodes: [
              node('Max', [name, 'seven'], `${behind}_0`),
              node('Div', [`${behind}_0`, 'three'], `${behind}_1`),
              node('Mul', [`${behind}_1`, 'n'], behind),
            ],
            name: behind,
            type,
            value: (n) => wrap(type, ((value(n) > 7n ? value(n) : 7n) / 3n) * wrap(type, n)),
          })
        }
      }
    }
    const model = await compileModel(
      {
        opsets: { '': 21 },
        inputs: { x: tensorType('float32', ['n', 0]) },
        outputs: Object.fromEntries(wanted.map(({ name }) => [name, undefined])),
        initializers: { ...initializers, zero: t('int64', [0]), seven: t(type, [7]), three: t(type, [3]) },
        nodes: [
          node('Shape', ['x'], 'shape'),
          node('Gather', ['shape', 'zero'], 'size'),
          node('Cast', ['size'], 'n', { to: type === 'int64' ? 7n : 6n }),
          ...wanted.flatMap(({ nodes }) => nodes),
        ],
      },
      0,
    )
    for (const n of [0n, 1n, 2n, 7n, 20n, 1000n, 2n ** 20n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 33n + 5n, 2n ** 40n]) {
      const run = (): ReturnType<typeof model.runSync> =>
        model.runSync({ x: toRuntime(t('float32', [], [Number(n), 0])) })
      // Where 32 bits are too few for what sizes are computed in, that is an error and no other shape.
      if (type === 'int32' && n > 100n) {
        expect(run).toThrow(/shapes are computed in 32 bits/)
        continue
      }
      const results = run()
      const wrong = wanted.flatMap(({ name, value }) => {
        const given = BigInt(tensorValues(fromRuntime(results[name]!))[0]!)
        const expected = value(wrap(type, n))
        return given === expected ? [] : [`n = ${n}: ${name} is ${given}, expected ${expected}`]
      })
      expect(wrong.slice(0, 10), `${wrong.length} differ`).toEqual([])
    }
  })
})

import { describe, expect, test } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { type AttributeSource, modelBytes, type ModelSource, type Named, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorValues } from '../../src/onnx/tensor.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import { compileModel } from './harness.ts'

const half = ['float16', 'bfloat16'] as const

/** Operators that take or give a narrow float once the graph is optimised. */
function narrowOperators(source: ModelSource): string[] {
  const { nodes } = prepareGraph(decodeModel(modelBytes(source), { path: 'test.onnx' }))
  const isNarrow = ({ type }: { type: ElementType }): boolean => type === 'float16' || type === 'bfloat16'
  return nodes
    .filter(({ inputs, outputs }) => [...inputs, ...outputs].some((value) => value && isNarrow(value)))
    .map(({ operator }) => operator)
}

/** A chain of operators of one input each, from x to y, beside constants. */
function chain(
  type: ElementType,
  shapes: { x: readonly (number | string)[]; y: readonly (number | string)[] },
  steps: readonly (readonly [op: string, constants?: readonly string[], attributes?: Named<AttributeSource>])[],
  initializers: ModelSource['initializers'] = {},
): ModelSource {
  return {
    opsets: { '': 21 },
    inputs: { x: tensorType(type, shapes.x) },
    outputs: { y: tensorType(type, shapes.y) },
    initializers,
    nodes: steps.map(([op, constants = [], attributes = {}], i) => ({
      op,
      inputs: [i === 0 ? 'x' : `v${i - 1}`, ...constants],
      outputs: [i === steps.length - 1 ? 'y' : `v${i}`],
      attributes,
    })),
  }
}

async function run(source: ModelSource, type: ElementType, x: readonly number[]): Promise<readonly unknown[]> {
  const model = await compileModel(source)
  const { y } = model.runSync({ x: toRuntime(tensorFrom(type, [x.length], x)) })
  return tensorValues(fromRuntime(y!))
}

describe.each(half)('%s', (type) => {
  test('is float32 between the first node and the last', () => {
    const initializers = {
      w: tensorFrom(
        type,
        [4, 3, 1, 1],
        Array.from({ length: 12 }, (_, i) => i / 4),
      ),
      pads: tensorFrom('int64', [8], [0, 0, 0, 0, 0, 0, 1, 1]),
      zero: tensorFrom(type, [], [0]),
      axes: tensorFrom('int64', [1], [0]),
      flat: tensorFrom('int64', [2], [-1, 4]),
      m: tensorFrom(
        type,
        [4, 4],
        Array.from({ length: 16 }, (_, i) => i / 8),
      ),
    }
    const source = chain(
      type,
      { x: ['n', 3, 'h', 'w'], y: ['a', 4] },
      [
        ['Conv', ['w']],
        ['HardSwish'],
        ['Pad', ['pads', 'zero']],
        ['MaxPool', [], { kernel_shape: [2n, 2n] }],
        ['Transpose', [], { perm: [0n, 2n, 3n, 1n] }],
        ['Reshape', ['flat']],
        ['MatMul', ['m']],
        ['Softmax'],
        ['Unsqueeze', ['axes']],
        ['Squeeze', ['axes']],
        ['Sqrt'],
      ],
      initializers,
    )
    expect(narrowOperators(source).filter((op) => op !== 'Cast' && op !== 'om.Narrow')).toEqual([])
    expect(narrowOperators(source)).toHaveLength(2)
  })

  test('overflows only where it is stored', async () => {
    const largest = type === 'float16' ? 65504 : 3e38
    const four = { four: tensorFrom(type, [], [4]) }
    const steps = [
      ['Mul', ['four']],
      ['Div', ['four']],
    ] as const
    const [x] = tensorValues(tensorFrom(type, [1], [largest]))
    expect(await run(chain(type, { x: [1], y: [1] }, steps, four), type, [largest])).toEqual([
      type === 'float16' ? x : Infinity,
    ])
    expect(await run(chain(type, { x: [1], y: [1] }, steps.slice(0, 1), four), type, [largest])).toEqual([Infinity])
  })

  test('casts of the model’s own round', async () => {
    const code = type === 'float16' ? 10n : 16n
    const steps = [
      ['Cast', [], { to: 1n }],
      ['Add', ['tiny']],
      ['Cast', [], { to: code }],
      ['Cast', [], { to: 1n }],
      ['Sub', ['one']],
      ['Cast', [], { to: code }],
    ] as const
    const constants = { tiny: tensorFrom('float32', [], [2 ** -14]), one: tensorFrom('float32', [], [1]) }
    expect(await run(chain(type, { x: [1], y: [1] }, steps, constants), type, [1])).toEqual([0])
    // Without the one in the middle nothing is lost.
    const kept = steps.filter((_, i) => i !== 2 && i !== 3)
    expect(await run(chain(type, { x: [1], y: [1] }, kept, constants), type, [1])).toEqual([2 ** -14])
  })

  test('is moved as it is where nothing computed it', () => {
    const source = chain(type, { x: [4, 8], y: [8, 4] }, [['Transpose', [], { perm: [1n, 0n] }]])
    expect(narrowOperators(source)).toEqual(['Transpose'])
  })
})

test('a value that only its shape is asked of is not computed', () => {
  const { nodes } = prepareGraph(
    decodeModel(
      modelBytes({
        opsets: { '': 21 },
        inputs: { x: tensorType('float32', ['n', 8]) },
        outputs: { y: tensorType('int64', [2]) },
        nodes: [
          { op: 'Exp', inputs: ['x'], outputs: ['e'] },
          { op: 'Shape', inputs: ['e'], outputs: ['y'] },
        ],
      }),
      { path: 'test.onnx' },
    ),
  )
  expect(nodes.map(({ op }) => op)).toEqual(['Dimensions'])
})

import { describe, expect, it } from 'vitest'
import { signatureOfGraph } from '../../src/builtin/signature.ts'
import { freshSymbol, multiply, symbol } from '../../src/graph/dim.ts'
import { Facts } from '../../src/graph/facts.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { compileModel } from '../ops/harness.ts'
import { graphOf } from './models.ts'
import { isTensor } from '../../src/runtime/signature.ts'

const zeros = (...dims: number[]) =>
  tensorFrom(
    'float32',
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 0),
  )

/** Shapes of a model's inputs and outputs, by name. */
function shapesOf(source: Parameters<typeof graphOf>[0]): Record<string, readonly (number | string | null)[]> {
  const { inputs, outputs } = signatureOfGraph(graphOf(source))
  return Object.fromEntries([...inputs, ...outputs].filter(isTensor).map(({ name, shape }) => [name, shape]))
}

describe('facts', () => {
  const facts = (...names: string[]): Facts => {
    const made = new Facts()
    names.forEach((name) => made.addInput(name))
    return made
  }
  const [a, b, c] = ['a', 'b', 'c'].map(symbol) as [
    ReturnType<typeof symbol>,
    ReturnType<typeof symbol>,
    ReturnType<typeof symbol>,
  ]

  it('are numbers, or equal symbols, also by way of others', () => {
    const made = facts('a', 'b', 'c')
    made.learn(a, b, 'a is b')
    made.learn(multiply(2, c), 6, '2c is 6')
    expect(made.hasGrown()).toBe(true)
    made.learn(b, c, 'b is c')
    expect([made.of('a'), made.of('b'), made.of('c')]).toEqual([3, 3, 3])
    expect([made.hasGrown(), made.hasGrown()]).toEqual([true, false])
  })

  it('that contradict each other name their sources', () => {
    const made = facts('a')
    expect(made.learn(a, 3, 'one says 3')).toBeUndefined()
    expect(made.learn(a, 4, 'another says 4')).toEqual(['one says 3'])
    expect(facts('a').learn(multiply(2, a), 5, 'half of 5')).toEqual([])
    expect(facts('a').learn(a, -1, 'less than none')).toEqual([])
  })

  it('are learnt of symbols of inputs only, and prefer the names that the model gave', () => {
    const made = facts('a', '?0')
    made.learn(b, 3, 'not an input')
    expect(made.of('b')).toBeUndefined()
    made.learn(a, freshSymbol(0), 'equal')
    expect([made.of('?0'), made.of('a')]).toEqual([a, undefined])
  })
})

describe('what operators say of the sizes of inputs', () => {
  it('weights say how many features and channels there are, and the signature tells', () => {
    expect(
      shapesOf({
        inputs: { x: tensorType('float32', ['n', 'k']), image: tensorType('float32', [undefined, 'c', 'h', 'w']) },
        outputs: { y: undefined, z: undefined },
        initializers: { w: zeros(3, 4), filters: zeros(8, 5, 3, 3) },
        nodes: [
          { op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] },
          { op: 'Conv', inputs: ['image', 'filters'], outputs: ['z'] },
        ],
      }),
    ).toEqual({ x: ['n', 3], image: [null, 5, 'h', 'w'], y: ['n', 4], z: [null, 8, null, null] })
  })

  it('a later node teaches what an earlier one had to take as unknown', () => {
    expect(
      shapesOf({
        inputs: { x: tensorType('float32', ['n', 'k']) },
        outputs: { y: undefined },
        initializers: { w: zeros(3, 4) },
        nodes: [
          { op: 'Relu', inputs: ['x'], outputs: ['r'] },
          { op: 'Add', inputs: ['r', 'x'], outputs: ['s'] },
          { op: 'MatMul', inputs: ['s', 'w'], outputs: ['y'] },
        ],
      }),
    ).toEqual({ x: ['n', 3], y: ['n', 4] })
  })

  it('equal symbols become one', () => {
    expect(
      shapesOf({
        inputs: { a: tensorType('float32', ['n', 'k']), b: tensorType('float32', ['m', 'p']) },
        outputs: { y: undefined },
        nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['y'] }],
      }),
    ).toEqual({ a: ['n', 'k'], b: ['k', 'p'], y: ['n', 'p'] })
  })

  it('nothing follows from what broadcasts, or from a branch that may not be taken', () => {
    const product = { outputs: { p: undefined }, nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['p'] }] }
    const itself = { outputs: { q: undefined }, nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['q'] }] }
    expect(
      shapesOf({
        inputs: { x: tensorType('float32', ['n', 'k']), go: tensorType('bool', []) },
        outputs: { s: undefined },
        initializers: { w: zeros(3, 3), row: zeros(3) },
        nodes: [
          { op: 'If', inputs: ['go'], outputs: ['y'], attributes: { then_branch: product, else_branch: itself } },
          { op: 'Add', inputs: ['x', 'row'], outputs: ['s'] },
        ],
      }),
    ).toMatchObject({ x: ['n', 'k'] })
  })

  it('contradictions are errors that name both nodes', () => {
    const nodes = [3, 4].map((_, i) => ({ op: 'MatMul', name: `fc${i}`, inputs: ['x', `w${i}`], outputs: [`y${i}`] }))
    expect(() =>
      shapesOf({
        inputs: { x: tensorType('float32', ['n', 'k']) },
        outputs: { y0: undefined, y1: undefined },
        initializers: { w0: zeros(3, 2), w1: zeros(4, 2) },
        nodes,
      }),
    ).toThrow(/Node "fc1" .* input A \("x", as node "fc0" takes it\) says: expected 3, given 4/)
  })

  it('what no symbol of an input says is checked when the model runs, with both sizes in the error', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', ['n', 'a']), shape: tensorType('int64', [2]) },
      outputs: { y: undefined },
      initializers: { w: tensorFrom('float32', [3, 1], [1, 2, 3]) },
      nodes: [
        { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['r'] },
        { op: 'MatMul', name: 'fc', inputs: ['r', 'w'], outputs: ['y'] },
      ],
    })
    const run = (rows: number, columns: number): unknown =>
      model.runSync({
        x: { data: new Float32Array(12).fill(1), dims: [3, 4] },
        shape: BigInt64Array.of(BigInt(rows), BigInt(columns)),
      })['y']!.data
    expect(run(4, 3)).toEqual(Float32Array.of(6, 6, 6, 6))
    expect(() => run(3, 4)).toThrow(
      /node fc \(MatMul\): axis 1 of input A .* axis 0 of input B .*: expected 3, given 4/,
    )
    expect(() => run(2, 6)).toThrow(/expected 3, given 6/)
  })
})

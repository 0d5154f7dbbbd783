import { describe, expect, test } from 'vitest'
import type { SignatureEntry } from '../../src/artifact.ts'
import { declarationSource, generatedMark } from '../../src/emit/dts.ts'
import { symbolUses, typeParameterNames } from '../../src/emit/symbols.ts'
import type { TensorEntry } from '../../src/runtime/signature.ts'

const entry = (name: string, ...shape: TensorEntry['shape']): SignatureEntry => ({ name, type: 'float32', shape })
const declarationOf = (inputs: SignatureEntry[], outputs: SignatureEntry[], name = 'm.onnx') =>
  declarationSource({ inputs, outputs }, { name })

describe('a declaration', () => {
  test('states static shapes as literals and has no type parameters', () => {
    const text = declarationOf([entry('x', 7, 16, 220)], [entry('y', 7, 16, 1)])
    expect(text).toContain(
      `  /** "x": float32 [7, 16, 220] */\n  readonly x: TensorInput<'float32', readonly [7, 16, 220]>`,
    )
    expect(text).toContain(`run(inputs: Inputs): Promise<Outputs>`)
  })

  test('carries symbols of inputs to outputs; other dimensions are numbers', () => {
    const text = declarationOf([entry('x', 'batch', 3)], [entry('y', 'batch', 'found', null, '2*batch')])
    expect(text).toContain(`readonly y: Tensor<'float32', readonly [batch, number, number, number]>`)
    expect(text).toContain(`run<batch extends number = number>(inputs: Inputs<batch>): Promise<Outputs<batch>>`)
  })

  test('asks for dims where a length leaves more than one open', () => {
    const text = declarationOf(
      [entry('a', 'n', null), entry('b', 'n', 'm'), entry('c', 'k', 'k'), entry('d', 'k', 'm', 'n')],
      [],
    )
    expect(text).toContain(`readonly a: ShapedInput<'float32', readonly [n, number]>`)
    expect(text).toContain(`readonly b: TensorInput<'float32', readonly [SharedDim<n>, m]>`)
    expect(text).toContain(`readonly c: ShapedInput<'float32', readonly [k, SharedDim<k>]>`)
    expect(text).toContain(`readonly d: TensorInput<'float32', readonly [NoInfer<k>, SharedDim<m>, NoInfer<n>]>`)
  })

  test('lists a name once, though a broken signature lists it twice', () => {
    expect(declarationOf([entry('x', 1), entry('x', 2)], []).match(/ x: /g)).toHaveLength(1)
  })

  test('is one line of comment per name, whatever the name', () => {
    const text = declarationOf([entry('*/ evil()\n', '*/')], [entry('x'.repeat(10_000), 1)], '*/\n\u2028x.onnx')
    expect(text.split('\n').slice(0, 2)).toEqual([generatedMark, String.raw`// Model: "*/\n\u2028x.onnx"`])
    const comments = text.match(/\/\*\*.*?\*\//gs) ?? []
    expect(comments).toContain(String.raw`/** "*\/ evil()\n": float32 [*\/] */`)
    for (const comment of comments) expect(comment.length).toBeLessThan(220)
  })
})

describe('type parameters', () => {
  test.each([
    ['batch', 'batch'],
    ['class', 'class_2'],
    ['number', 'number_2'],
    ['out', 'out_2'],
    ['Tensor', 'Tensor_2'],
    ['2*n', '_2_n'],
    ['', '_'],
    ['批', '批'],
    ['x> = any', 'x____any'],
    ['a'.repeat(10_000), 'a'.repeat(40)],
  ])('%j becomes %s', (symbol, name) => {
    expect([...typeParameterNames([entry('x', symbol)]).values()]).toEqual([name])
  })

  test('differ where symbols differ', () => {
    const names = [...typeParameterNames([entry('x', 'a-b', 'a b', 'a_b', 'a-b', 3, null)]).values()]
    expect(names).toEqual(['a_b', 'a_b_2', 'a_b_3'])
  })

  test('are inferred once, then where open, then only checked', () => {
    const use = symbolUses(new Map([['n', 'N']]))
    expect([use('n'), use('n'), use('n'), use('n')]).toEqual(['N', 'SharedDim<N>', 'NoInfer<N>', 'NoInfer<N>'])
    expect(use('other')).toBeUndefined()
  })
})

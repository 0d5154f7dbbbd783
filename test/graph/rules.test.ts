import { describe, expect, it } from 'vitest'
import { takes } from '../../src/graph/rules.ts'

describe('rules of operators as text', () => {
  it('say names, presence, types and shapes', () => {
    const { inputs } = takes('X:T[n, 4, ...] W:T[_, ...s] B?:index|bool[.] S:sequence L:int64[*] more*:float64[]', {
      T: 'float',
    })
    expect(inputs.map(({ name, presence, kind, variable }) => [name, presence, kind, variable])).toEqual([
      ['X', 'required', 'tensor', 'T'],
      ['W', 'required', 'tensor', 'T'],
      ['B', 'optional', 'tensor', undefined],
      ['S', 'required', 'sequence', undefined],
      ['L', 'required', 'tensor', undefined],
      ['more', 'repeated', 'tensor', undefined],
    ])
    expect([...inputs[0]!.types]).toEqual(['float32', 'float16', 'float64', 'bfloat16'])
    expect([...inputs[2]!.types]).toEqual(['int32', 'int64', 'bool'])
    expect(inputs.map(({ shape }) => shape)).toEqual([
      [{ kind: 'named', name: 'n' }, { kind: 'size', size: 4 }, { kind: 'rest' }],
      [{ kind: 'any' }, { kind: 'rest', name: 's' }],
      'single',
      undefined,
      'list',
      [],
    ])
  })

  it('say of a repeated input whether it must be given', () => {
    expect(takes('x+:float').inputs[0]).toMatchObject({ presence: 'repeated', atLeastOnce: true })
    expect(takes('x*:float').inputs[0]).not.toHaveProperty('atLeastOnce')
  })

  it.each([
    ['X', 'not the rules'],
    ['X:T', 'no element types: T'],
    ['X:float[n', 'not the rules'],
    ['X:float[n-1]', 'no rule for an axis: n-1'],
    ['X:floats', 'no element types: floats'],
  ])('%s is refused', (text, problem) => {
    expect(() => takes(text)).toThrow(problem)
  })
})

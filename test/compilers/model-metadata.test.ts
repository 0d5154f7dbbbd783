import { describe, expect, test } from 'vitest'
import { modelMetadata } from '../../src/compilers/model-metadata.ts'
import { DIMENSION_RANGES } from '../../src/onnx/dimension-ranges.ts'

const of = (entries: Readonly<Record<string, string>>) => modelMetadata({ metadata: new Map(Object.entries(entries)) })

describe('what a model says of itself', () => {
  test('is texts, and lists of labels, means and deviations', () => {
    const { kept, left } = of({
      author: '["a"]',
      labels: '["cat","dog"]',
      'inputs.x.mean': '[0.5,-1]',
      'outputs.y.std': '[]',
      mylabels: '["a"]',
    })
    expect(kept).toEqual({
      author: '["a"]',
      labels: ['cat', 'dog'],
      'inputs.x.mean': [0.5, -1],
      'outputs.y.std': [],
      mylabels: '["a"]',
    })
    expect(left).toEqual([])
  })

  test.each(['cat', '{"0":"cat"}', '["cat",1]', '[["cat"]]', '[null]', '[1e999]', '"cat"', '["cat"'])(
    'stays text where it is no such list: %s',
    (labels) => {
      expect(of({ labels }).kept).toEqual({ labels })
    },
  )

  test('has a bound: what goes beyond is left out, and what is shorter stays', () => {
    const { kept, left } = of({ a: 'x'.repeat(200_000), labels: JSON.stringify(Array(20_000).fill('y')), b: 'z' })
    expect(Object.keys(kept)).toEqual(['a', 'b'])
    expect(left).toEqual(['labels'])
  })

  test('has names of all kinds, and none of this package', () => {
    const { kept } = of({ [DIMENSION_RANGES]: '{}', ['__proto__']: 'x', constructor: 'y' })
    expect(Object.entries(kept)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })
})

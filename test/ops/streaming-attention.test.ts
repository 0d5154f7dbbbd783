import { expect, test } from 'vitest'
import { type ModelSource } from '../../src/onnx/build.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import {
  describeAttention,
  feedsOf,
  type Form,
  HEADS,
  joined,
  mixed,
  modelOf,
  multiplied,
  operatorsOf,
  product,
  reshaped,
  scaled,
  scaledBefore,
  SIZE,
  sizeOf,
} from './attention-forms.ts'
import { f32, i64 } from './harness.ts'
import { apart, sessionsOf } from './sessions.ts'

// Attention as exporters write it becomes one kernel, whatever its mask and whatever sizes only the run knows, and gives what
// onnxruntime gives node by node.

const runtime = onnxruntime()

const forms: Readonly<Record<string, Form>> = {
  'no mask': { nodes: [...product, node('Div', ['raw', 'root'], ['x']), ...mixed] },
  'no scale': { nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] },
  'a mask of keys': {
    masks: { m: ['b', 1, 1, 'l'] },
    nodes: [...product, scaled, node('Add', ['scores', 'm'], ['x']), ...mixed],
  },
  'a mask of all, from the left': {
    masks: { m: ['b', HEADS, 's', 'l'] },
    nodes: [...product, scaled, node('Add', ['m', 'scores'], ['x']), ...mixed],
  },
  'two masks of fewer axes': {
    masks: { m: ['s', 'l'], n: ['s', 1] },
    nodes: [...product, node('Add', ['raw', 'm'], ['one']), node('Add', ['one', 'n'], ['x']), ...mixed],
  },
  'a mask of as many keys as it says': {
    masks: { m: ['b', 1, 's', 'all'] },
    nodes: [...product, scaled, node('Add', ['scores', 'm'], ['x']), ...mixed],
  },
  'keys that heads share': {
    masks: { q: ['b', 2 * HEADS, 's', SIZE], m: ['b', 1, 's', 'l'] },
    opset: 23,
    nodes: [node('Attention', ['q', 'k', 'v', 'm'], ['y'])],
  },
  'keys that heads share, and a mask for each head': {
    masks: { q: ['b', 2 * HEADS, 's', SIZE], m: [2 * HEADS, 's', 'l'] },
    opset: 23,
    nodes: [node('Attention', ['q', 'k', 'v', 'm'], ['y'])],
  },
  'scores kept by a mask, then a bias': {
    masks: { keep: [1, 1, 's', 'l'], m: ['b', 1, 1, 'l'] },
    nodes: [
      ...product,
      scaled,
      node('Where', ['keep', 'scores', 'low'], ['kept']),
      node('Add', ['kept', 'm'], ['x']),
      ...mixed,
    ],
  },
  'scores filled by a mask': {
    masks: { drop: ['b', 1, 1, 'l'] },
    nodes: [...product, node('Where', ['drop', 'low', 'raw'], ['x']), ...mixed],
  },
  'keys that come transposed': {
    masks: { kt: ['b', HEADS, SIZE, 'l'] },
    nodes: [multiplied, node('Mul', ['scale', 'raw'], ['x']), ...mixed],
  },
  'rows and heads as one axis, and a mask of four': {
    masks: { m: ['b', 1, 's', 'l'] },
    constants: { heads: i64([HEADS]), width: i64([SIZE]) },
    nodes: [
      sizeOf('q', 0, 'b'),
      sizeOf('q', 2, 's'),
      sizeOf('k', 2, 'l'),
      node('Mul', ['b', 'heads'], ['n']),
      joined(['n', 's', 'width'], 'rows'),
      joined(['n', 'l', 'width'], 'columns'),
      reshaped(['q', 'rows'], 'q3'),
      reshaped(['k', 'columns'], 'k3'),
      reshaped(['v', 'columns'], 'v3'),
      node('Transpose', ['k3'], ['kt'], { perm: [0n, 2n, 1n] }),
      node('MatMul', ['q3', 'kt'], ['raw']),
      joined(['b', 'heads', 's', 'l'], 'four'),
      reshaped(['raw', 'four'], 'raw4'),
      node('Add', ['raw4', 'm'], ['masked']),
      joined(['n', 's', 'l'], 'three'),
      reshaped(['masked', 'three'], 'x'),
      node('Softmax', ['x'], ['p'], { axis: -1n }),
      node('MatMul', ['p', 'v3'], ['y']),
    ],
  },
  'queries and keys that are scaled before, and a mask': {
    masks: { m: ['b', 1, 's', 'l'] },
    nodes: [...scaledBefore('k', 'half'), node('Add', ['scores', 'm'], ['x']), ...mixed],
  },
  'keys that are made larger before': {
    nodes: [...scaledBefore('k', 'root'), node('Identity', ['scores'], ['x']), ...mixed],
  },
  'softmax of opset 11': {
    opset: 11,
    nodes: [...product, node('Softmax', ['raw'], ['p'], { axis: 3n }), node('MatMul', ['p', 'v'], ['y'])],
  },
}

describeAttention(forms)

test.each([
  ['queries and keys that are scaled before, and a mask', false],
  ['keys that are made larger before', true],
])('%s are copied: %o', (form, isCopied) => {
  const found = operatorsOf(modelOf(forms[form]!), { b: 2, s: 3, l: 5 })
  expect(found.includes('Mul')).toBe(isCopied)
  expect(found.includes('Transpose')).toBe(isCopied)
})

const refused: Readonly<Record<string, ModelSource>> = {
  'scores that are used elsewhere': {
    ...modelOf({ nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
    outputs: { y: undefined, raw: undefined },
  },
  'weights that are used elsewhere': {
    ...modelOf({ nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
    outputs: { y: undefined, p: undefined },
  },
  'a softmax of queries': modelOf({
    nodes: [...product, node('Softmax', ['raw'], ['p'], { axis: 2n }), node('MatMul', ['p', 'v'], ['y'])],
  }),
  'a scale that could overflow the queries': modelOf({
    nodes: [...product, node('Mul', ['raw', 'root'], ['x']), ...mixed],
  }),
  'a scale of a mask, too': modelOf({
    masks: { m: ['s', 'l'] },
    nodes: [...product, node('Add', ['raw', 'm'], ['one']), node('Mul', ['one', 'scale'], ['x']), ...mixed],
  }),
  'a mask that repeats the scores': modelOf({
    masks: { m: [3, 'b', HEADS, 's', 'l'] },
    nodes: [...product, node('Add', ['raw', 'm'], ['x']), ...mixed],
  }),
  'heads of any size': modelOf({ size: 'd', nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
  'heads beyond a block': modelOf({ size: 257, nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
}

test.each(Object.entries(refused))('%s stay as they are', (_, source) => {
  const found = operatorsOf(source)
  expect(found).not.toContain('StreamingAttention')
  expect(found).toContain('Softmax')
})

test.skipIf(runtime === undefined)('queries that may see nothing become NaN, as in onnxruntime', async () => {
  const source = modelOf(forms['a mask of keys']!)
  const { ours, theirs } = await sessionsOf(runtime!, source, 3)
  for (const l of [5, 600]) {
    const feeds = { ...feedsOf(source, { b: 2, s: 3, l }) }
    const mask = Array.from({ length: 2 * l }, (_, i) => (i < l || i === 2 * l - 1 ? -Infinity : 0))
    feeds['m'] = f32(mask, [2, 1, 1, l])
    const result = ours(feeds)['y']!
    expect(apart(result, (await theirs(feeds))['y']!)).toBeLessThan(2e-6)
    expect(result.values.slice(0, HEADS * 3 * SIZE).every(Number.isNaN)).toBe(true)
  }
})

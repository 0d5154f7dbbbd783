import { expect, test } from 'vitest'
import type { ModelSource, NodeSource } from '../../src/onnx/build.ts'
import type { OnnxDim, Tensor } from '../../src/onnx/model.ts'
import { node } from '../graph/models.ts'
import {
  describeAttention,
  type Form,
  HEADS,
  joined,
  mixed,
  mixedWith,
  modelOf,
  multiplied,
  operatorsOf,
  reshaped,
  scaled,
  scaledBefore,
  SIZE,
  sizeOf,
} from './attention-forms.ts'
import { i64 } from './harness.ts'

// Keys and values that exporters repeat for the heads of a group are read where they lie: of HEADS groups.

const REPEATS = 3
const ALL = REPEATS * HEADS
const queries: Readonly<Record<string, readonly OnnxDim[]>> = { q: ['b', ALL, 's', SIZE] }

const constants: Readonly<Record<string, Tensor>> = {
  axis: i64([2]),
  groups: i64([HEADS]),
  repeats: i64([REPEATS]),
  heads: i64([ALL]),
  width: i64([SIZE]),
  wide: i64([1, 1, REPEATS, 1, 1]),
  flat: i64([0, ALL, -1, SIZE]),
}

/** Repeats `x` for each group's heads, to shapes that are computed, as PyTorch's exporter writes it. */
const repeated = (x: string): NodeSource[] => [
  node('Unsqueeze', [x, 'axis'], [`${x}1`]),
  sizeOf(x, 0, `${x}_batch`),
  sizeOf(x, 2, `${x}_length`),
  joined([`${x}_batch`, 'groups', 'repeats', `${x}_length`, 'width'], `${x}_wide`),
  node('Expand', [`${x}1`, `${x}_wide`], [`${x}5`]),
  joined([`${x}_batch`, 'heads', `${x}_length`, 'width'], `${x}_flat`),
  reshaped([`${x}5`, `${x}_flat`], `${x}r`),
]

/** The same to shapes that are constants. */
const repeatedByConstants = (x: string): NodeSource[] => [
  node('Unsqueeze', [x, 'axis'], [`${x}1`]),
  node('Expand', [`${x}1`, 'wide'], [`${x}5`]),
  node('Reshape', [`${x}5`, 'flat'], [`${x}r`]),
]

const product = [node('Transpose', ['kr'], ['kt'], { perm: [0n, 1n, 3n, 2n] }), multiplied]
const masked = node('Add', ['scores', 'm'], ['x'])

const forms: Readonly<Record<string, Form>> = {
  'keys and values repeated, and a mask of all': {
    masks: { ...queries, m: ['b', 1, 's', 'l'] },
    constants,
    nodes: [...repeated('k'), ...product, scaled, masked, ...repeated('v'), ...mixedWith('vr')],
  },
  'keys and values repeated by constants, a mask for each head and one that keeps': {
    masks: { ...queries, m: ['b', ALL, 's', 'l'], keep: ['s', 'l'] },
    constants,
    nodes: [
      ...repeatedByConstants('k'),
      ...product,
      node('Where', ['keep', 'raw', 'low'], ['scores']),
      masked,
      ...repeatedByConstants('v'),
      ...mixedWith('vr'),
    ],
  },
  'keys and values repeated, then scaled and transposed as a stack': {
    masks: { ...queries, m: ['b', 1, 's', 'l'] },
    constants,
    nodes: [...repeated('k'), ...scaledBefore('kr', 'half'), masked, ...repeated('v'), ...mixedWith('vr')],
  },
  'keys alone repeated': {
    masks: { ...queries, v: ['b', ALL, 'l', SIZE], m: ['s', 'l'] },
    constants,
    nodes: [...repeated('k'), ...product, scaled, masked, ...mixed],
  },
  'values alone repeated, and keys that come transposed': {
    masks: { ...queries, kt: ['b', ALL, SIZE, 'l'] },
    constants,
    nodes: [multiplied, node('Mul', ['raw', 'scale'], ['x']), ...repeated('v'), ...mixedWith('vr')],
  },
  'keys that come transposed and repeated': {
    masks: { ...queries, k: ['b', HEADS, SIZE, 'l'] },
    constants: { ...constants, flat: i64([0, ALL, SIZE, -1]) },
    nodes: [
      node('Unsqueeze', ['k', 'axis'], ['k1']),
      node('Expand', ['k1', 'wide'], ['k5']),
      node('Reshape', ['k5', 'flat'], ['kt']),
      multiplied,
      node('Mul', ['raw', 'scale'], ['x']),
      ...repeated('v'),
      ...mixedWith('vr'),
    ],
  },
  'one head of keys and values for all, without a reshape': {
    masks: { k: ['b', 1, 'l', SIZE], v: ['b', 1, 'l', SIZE], m: ['b', HEADS, 's', 'l'] },
    constants: { heads: i64([1, HEADS, 1, 1]) },
    nodes: [
      node('Expand', ['k', 'heads'], ['kr']),
      ...product,
      scaled,
      masked,
      node('Expand', ['v', 'heads'], ['vr']),
      ...mixedWith('vr'),
    ],
  },
}

describeAttention(forms)

const usual = forms['keys and values repeated, and a mask of all']!
const used = (output: string): ModelSource => ({ ...modelOf(usual), outputs: { y: undefined, [output]: undefined } })

const copied: Readonly<Record<string, ModelSource>> = {
  'repeated keys that are used elsewhere': used('kr'),
  'repeated values that are used elsewhere, before they are reshaped': used('v5'),
  'keys of which there is one': modelOf({
    masks: { k: ['b', HEADS, 1, SIZE] },
    constants: { rows: i64([1, 1, 5, 1]) },
    nodes: [node('Expand', ['k', 'rows'], ['kr']), ...product, node('Identity', ['raw'], ['x']), ...mixed],
  }),
  'keys and values repeated one by one': modelOf({
    constants: { axis: i64([3]), wide: i64([1, 1, 1, REPEATS, 1]), flat: i64([0, HEADS, -1, SIZE]) },
    nodes: [
      ...repeatedByConstants('k'),
      ...product,
      node('Identity', ['raw'], ['x']),
      ...repeatedByConstants('v'),
      ...mixedWith('vr'),
    ],
  }),
}

test.each(Object.entries(copied))('%s are copied', (_, source) => {
  const found = operatorsOf(source)
  expect(found).toContain('StreamingAttention')
  expect(found).toContain('Expand')
})

import { expect, it } from 'vitest'
import { inputs, parseInputs } from '../../src/request/inputs.ts'
import { canonicalId, parseRequest } from '../../src/request/index.ts'

const two = 'x-float32-batch-3-224-224,mask_1-bool'

it('reads the form that specifiers carry and the one that is usual, and writes the first', () => {
  expect(parseInputs(two)).toEqual([
    { name: 'x', type: 'float32', shape: ['batch', 3, 224, 224] },
    { name: 'mask_1', type: 'bool', shape: [] },
  ])
  for (const text of [
    two,
    'x:float32[batch,3,224,224],mask_1:bool',
    ' x : float32 [batch, 3, 224, 224], mask_1:bool[]',
  ])
    expect(inputs.parse(text)).toBe(two)
})

it.each([
  '',
  'x',
  'x-float32-0',
  'x-float32--1',
  'x-float33-1',
  'x-string',
  'x-float32-1,x-float32-2',
  '1x-float32',
  'x-float32-1.5',
  'x:float32[1',
  'x:float32[a b]c',
  ',x-bool',
  'x-bool,',
])('refuses %j', (text) => {
  expect(() => inputs.parse(text)).toThrow(`inputs="${text}" must be names, types`)
})

it('is one with the rest of an id, and says how a bundler carries it', () => {
  expect(canonicalId(`/m.pt?inputs=${two}&O=2`)).toBe(`/m.pt?O=2&inputs=${two}`)
  expect(parseRequest(`/m.pt?inputs=${two}`).directives.inputs).toBe(two)
  expect(parseRequest('/m.pt').key).not.toContain('inputs')
  expect(() => parseRequest('/m.pt?inputs=x:float32[batch,3]')).toThrow('write inputs=x-float32-batch-3.')
})

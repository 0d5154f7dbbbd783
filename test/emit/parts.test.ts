import { expect, test } from 'vitest'
import { partsOf } from '../../src/emit/parts.ts'
import type { Signature, SignatureEntry } from '../../src/runtime/index.ts'
import * as web from '../../src/runtime/web.ts'

const bare = { hasWeights: false, hasVariants: false, isGiven: false, inWorker: false }
const tensor = (type: 'float32' | 'string' | 'bool', ...shape: (number | string | null)[]): SignatureEntry => ({
  name: 'x',
  type,
  shape,
})
const sequence: SignatureEntry = { name: 's', type: 'sequence', element: { type: 'int64', shape: null } }
const map: SignatureEntry = { name: 'm', type: 'map', keys: 'string', values: 'float64' }
const rows: SignatureEntry = {
  name: 'r',
  type: 'sequence',
  element: { type: 'map', keys: 'int64', values: 'float32', labels: [1, 2] },
}
const of = (inputs: SignatureEntry[], outputs: SignatureEntry[] = [tensor('float32', 1)]): Signature => ({
  inputs,
  outputs,
})

test.each([
  ['numbers', of([tensor('float32', 1, 2)]), bare, 'float32 fetched bindFixed'],
  ['two types', of([tensor('bool', 1)]), bare, 'bool float32 fetched bindFixed'],
  ['open inputs', of([tensor('float32', 'n')]), bare, 'float32 dynamicShapes callMemory fetched expectBindable'],
  [
    'open outputs',
    of([tensor('float32', 1)], [tensor('float32', null)]),
    bare,
    'float32 callMemory fetched expectBindable',
  ],
  ['strings', of([tensor('string', 1)]), bare, 'string float32 callMemory texts fetched expectBindable'],
  [
    'a sequence',
    of([sequence]),
    bare,
    'int64 float32 dynamicShapes collections callMemory lists fetched expectBindable',
  ],
  [
    'a map',
    of([map]),
    bare,
    'string float64 float32 dynamicShapes collections callMemory texts lists fetched expectBindable',
  ],
  ['records', of([tensor('float32', 1)], [rows]), bare, 'float32 collections callMemory lists fetched expectBindable'],
  ['weights', of([tensor('float32', 1)]), { ...bare, hasWeights: true }, 'float32 weightsBeside fetched bindFixed'],
  ['variants', of([tensor('float32', 1)]), { ...bare, hasVariants: true }, 'float32 fetched bestVariant bindFixed'],
  [
    'several inputs',
    of([tensor('float32', 1), sequence]),
    bare,
    'float32 int64 dynamicShapes nearest collections callMemory lists fetched expectBindable',
  ],
  ['its own bytes', of([tensor('float32', 1)]), { ...bare, isGiven: true }, 'float32 given bindFixed'],
  [
    'an imported module',
    of([tensor('float32', 1)]),
    { ...bare, isGiven: true, isImported: true },
    'float32 given imported bindFixed',
  ],
  ['a worker', of([map]), { ...bare, inWorker: true }, 'string float64 float32 dynamicShapes collections fetched'],
] as const)('a model of %s gets the parts that it needs', (_, signature, extras, expected) => {
  const { names, expression } = partsOf(signature, extras)
  expect(names.join(' ')).toBe(expected)
  for (const name of names) {
    expect(web).toHaveProperty(name)
    expect(expression).toContain(name)
  }
})

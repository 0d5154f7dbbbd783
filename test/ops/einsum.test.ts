import { describe, expect, it } from 'vitest'
import { type Case, close, f32, runCase, runCases, t } from './harness.ts'
import { indices, positionOf, ramp } from './indices.ts'

interface Operand {
  readonly labels: string
  readonly dims: readonly number[]
}

/** The sum over all values of all labels, as the notation says. */
function byDefinition(operands: readonly Operand[], output: string): number[] {
  const sizes = new Map<string, number>()
  for (const { labels, dims } of operands)
    [...labels].forEach((label, axis) => sizes.set(label, Math.max(dims[axis]!, sizes.get(label) ?? 1)))
  const labels = [...sizes.keys()]
  const shape = [...output].map((label) => sizes.get(label)!)
  const result = new Float64Array(shape.reduce((a, b) => a * b, 1))
  for (const index of indices([...sizes.values()])) {
    const at = new Map(labels.map((label, i) => [label, index[i]!]))
    const factors = operands.map(({ labels: own, dims }) => {
      const position = [...own].map((label, axis) => (dims[axis] === 1 ? 0 : at.get(label)!))
      return ramp(dims.reduce((a, b) => a * b, 1))[positionOf(position, dims)]!
    })
    result[
      positionOf(
        [...output].map((label) => at.get(label)!),
        shape,
      )
    ]! += factors.reduce((a, b) => a * b, 1)
  }
  return [...result]
}

const cases: [equation: string, shapes: number[][], spelled: string[], output: string][] = [
  [
    'ij,jk->ik',
    [
      [2, 3],
      [3, 4],
    ],
    ['ij', 'jk'],
    'ik',
  ],
  [
    'bhid,bhjd->bhij',
    [
      [2, 2, 3, 4],
      [2, 2, 5, 4],
    ],
    ['bhid', 'bhjd'],
    'bhij',
  ],
  [
    'bi,bj->bij',
    [
      [2, 3],
      [2, 4],
    ],
    ['bi', 'bj'],
    'bij',
  ],
  // Several labels in each of a product's roles, or none.
  [
    'ibnd,hnd->ibh',
    [
      [3, 2, 2, 4],
      [5, 2, 4],
    ],
    ['ibnd', 'hnd'],
    'ibh',
  ],
  [
    'bildsk,biokl->bolsd',
    [
      [2, 3, 2, 2, 3, 2],
      [2, 3, 4, 2, 2],
    ],
    ['bildsk', 'biokl'],
    'bolsd',
  ],
  [
    'ij,ij->',
    [
      [2, 3],
      [2, 3],
    ],
    ['ij', 'ij'],
    '',
  ],
  [
    'bij,bij->b',
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    ['bij', 'bij'],
    'b',
  ],
  [
    'xyk,kzw->wyxz',
    [
      [2, 3, 4],
      [4, 2, 3],
    ],
    ['xyk', 'kzw'],
    'wyxz',
  ],
  // An axis of one operand repeats: one that nothing sums, and one that is summed.
  [
    'bqhd,bkhd->bhqk',
    [
      [2, 3, 1, 4],
      [1, 5, 3, 4],
    ],
    ['bqhd', 'bkhd'],
    'bhqk',
  ],
  [
    'ij,kj->ik',
    [
      [2, 3],
      [4, 1],
    ],
    ['ij', 'kj'],
    'ik',
  ],
  ['ii->i', [[3, 3]], ['ii'], 'i'],
  ['ij->', [[2, 3]], ['ij'], ''],
  ['ba', [[2, 3]], ['ba'], 'ab'],
  [
    '...ij, ...jk',
    [
      [2, 3, 4],
      [2, 4, 2],
    ],
    ['xij', 'xjk'],
    'xik',
  ],
  [
    'i...,...j->...ij',
    [
      [2, 3],
      [1, 4],
    ],
    ['ix', 'xj'],
    'xij',
  ],
  [
    'ij,jk,kl->li',
    [
      [2, 3],
      [3, 2],
      [2, 4],
    ],
    ['ij', 'jk', 'kl'],
    'li',
  ],
  ['a,b->', [[2], [3]], ['a', 'b'], ''],
]

describe('Einsum', () => {
  it.each(['float32', 'float64', 'int32'] as const)('of %s means what the notation says', async (type) => {
    const tensorOf = (dims: number[]) => {
      const values = ramp(dims.reduce((a, b) => a * b, 1))
      return t(type, type === 'int32' ? values.map((x) => x * 8) : values, dims)
    }
    const all = cases.flatMap(([equation, shapes]) =>
      [false, true].map((dynamic): Case => ({
        op: 'Einsum',
        inputs: shapes.map(tensorOf),
        attributes: { equation },
        dynamic,
      })),
    )
    const results = await runCases(all)
    const wrong = all.filter((one, i) => {
      const [, shapes, spelled, output] = cases[Math.floor(i / 2)]!
      const factor = type === 'int32' ? 8 ** shapes.length : 1
      const expected = byDefinition(
        shapes.map((dims, k) => ({ dims, labels: spelled[k]! })),
        output,
      ).map((x) => x * factor)
      return !close(results[i]![0]!.values, expected, 1e-5, 1e-5)
    })
    expect(wrong.map(({ attributes }) => attributes)).toEqual([])
  })

  it.each([
    ['ij->k', /label "k" is in no input/],
    ['ij,jk->ik', /does not have one term per input/],
    ['i->i', /does not fit an input of rank 2/],
    ['ij->ii', /names an axis twice/],
    ['ii->i', /can't be broadcast/],
    ['i?->i', /does not fit/],
  ])('refuses %s of one matrix', async (equation, message) => {
    await expect(runCase({ op: 'Einsum', inputs: [f32(ramp(6), [2, 3])], attributes: { equation } })).rejects.toThrow(
      message,
    )
  })
})

it('axes of one label that differ only when the model runs', async () => {
  const one: Case = {
    op: 'Einsum',
    inputs: [f32(ramp(6), [2, 3]), f32(ramp(8), [4, 2])],
    attributes: { equation: 'ij,jk' },
    dynamic: true,
  }
  await expect(runCase(one)).rejects.toThrow(/axes of label j need: expected 3, given 4/)
})

describe('Det', () => {
  it('of matrices that need other rows first, that are singular, and of stacks', async () => {
    const values = [0, 2, 1, 1, 1, 0, 3, 0, 1]
    // By the first row: -2 (1 · 1 - 0 · 3) + 1 (1 · 0 - 1 · 3).
    const determinant = -2 * 1 + 1 * -3
    const [one, stack] = await runCases([
      { op: 'Det', inputs: [f32(values, [3, 3])], dynamic: true },
      { op: 'Det', inputs: [t('float64', [1, 2, 2, 4, 2, 0, 0, 3, 0, 1, NaN, 2], [3, 2, 2])] },
    ])
    expect(one![0]).toEqual({ type: 'float32', dims: [], values: [determinant] })
    expect(stack![0]).toEqual({ type: 'float64', dims: [3], values: [0, 6, NaN] })
  })

  it('refuses what is not square, before and while it runs', async () => {
    const inputs = [f32(ramp(6), [2, 3])]
    await expect(runCase({ op: 'Det', inputs })).rejects.toMatchObject({ code: 'MODEL_SHAPE' })
    await expect(runCase({ op: 'Det', inputs, dynamic: true })).rejects.toThrow(/dims \[2, 3\]/)
  })
})

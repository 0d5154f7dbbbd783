import { describe, expect, it } from 'vitest'
import { type Case, f32, i64, runCase, runCases, t } from './harness.ts'

const image = f32(
  Array.from({ length: 16 }, (_, i) => i),
  [1, 4, 2, 2],
)

describe('searches whose result size is data', () => {
  it('finds what is not 0, and what a condition picks', async () => {
    const [nonZero, along, flat] = await runCases([
      { op: 'NonZero', inputs: [f32([0, 1, 2, 0], [2, 2])], dynamic: true },
      {
        op: 'Compress',
        inputs: [f32([1, 2, 3, 4, 5, 6], [3, 2]), t('bool', [false, true, true])],
        attributes: { axis: 0n },
      },
      { op: 'Compress', inputs: [f32([1, 2, 3, 4], [2, 2]), t('bool', [true, false, true])], dynamic: true },
    ])
    expect(nonZero![0]).toMatchObject({ dims: [2, 2], values: [0n, 1n, 1n, 0n] })
    expect(along![0]).toMatchObject({ dims: [2, 2], values: [3, 4, 5, 6] })
    expect(flat![0]).toMatchObject({ dims: [2], values: [1, 3] })
  })

  it('lists distinct elements and rows, with where they are', async () => {
    const [sorted, unsorted, rows, texts] = await runCases([
      { op: 'Unique', inputs: [f32([2, 1, 1, 3, 4, 3])], outputs: 4 },
      { op: 'Unique', inputs: [f32([2, 1, 1, 3, 4, 3])], outputs: 4, attributes: { sorted: 0n }, dynamic: true },
      { op: 'Unique', inputs: [i64([1, 0, 0, 1, 0, 0, 2, 3, 4], [3, 3])], outputs: 4, attributes: { axis: 0n } },
      { op: 'Unique', inputs: [t('string', ['b', 'a', 'b'])], outputs: 4 },
    ])
    // The examples of the operator's page.
    expect(sorted!.map(({ values }) => values.map(Number))).toEqual([
      [1, 2, 3, 4],
      [1, 0, 3, 4],
      [1, 0, 0, 2, 3, 2],
      [2, 1, 2, 1],
    ])
    expect(unsorted!.map(({ values }) => values.map(Number))).toEqual([
      [2, 1, 3, 4],
      [0, 1, 3, 4],
      [0, 1, 1, 2, 3, 2],
      [1, 2, 2, 1],
    ])
    expect(rows![0]).toMatchObject({ dims: [2, 3], values: [1n, 0n, 0n, 2n, 3n, 4n] })
    expect(texts![0]!.values).toEqual(['a', 'b'])
  })

  it('makes one-hot rows, and none for indices out of range', async () => {
    const [known, data] = await runCases([
      { op: 'OneHot', inputs: [i64([1, -1, 7]), i64([3], []), f32([0, 5])], constants: [1] },
      { op: 'OneHot', inputs: [f32([0, 1]), f32([2], []), i64([3, 4])], attributes: { axis: 0n } },
    ])
    expect(known![0]).toMatchObject({ dims: [3, 3], values: [0, 5, 0, 0, 0, 5, 0, 0, 0] })
    expect(data![0]).toMatchObject({ dims: [2, 2], values: [4n, 3n, 3n, 4n] })
  })

  it('selects boxes that do not overlap better ones', async () => {
    const boxes = f32([0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11], [1, 3, 4])
    const select = (most: number, overlap: number, threshold: number): Case => ({
      op: 'NonMaxSuppression',
      inputs: [boxes, f32([0.9, 0.75, 0.6], [1, 1, 3]), i64([most]), f32([overlap]), f32([threshold])],
    })
    const results = await runCases([select(3, 0.5, 0), select(3, 0.95, 0), select(1, 0.5, 0), select(3, 0.5, 0.7)])
    expect(results.map(([y]) => y!.values.map(Number))).toEqual([
      [0, 0, 0, 0, 0, 2],
      [0, 0, 0, 0, 0, 1, 0, 0, 2],
      [0, 0, 0],
      [0, 0, 0],
    ])
  })
})

describe('arranging', () => {
  it('moves blocks between depth and space, there and back', async () => {
    const [space] = await runCase({ op: 'DepthToSpace', inputs: [image], attributes: { blocksize: 2n }, dynamic: true })
    expect(space).toMatchObject({ dims: [1, 1, 4, 4], values: [0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15] })
    const [depth] = await runCase({
      op: 'SpaceToDepth',
      inputs: [f32(space!.values.map(Number), [1, 1, 4, 4])],
      attributes: { blocksize: 2n },
    })
    expect(depth!.values).toEqual(Array.from({ length: 16 }, (_, i) => i))
    await expect(runCase({ op: 'DepthToSpace', inputs: [image], attributes: { blocksize: 3n } })).rejects.toThrow(
      /axis 1 .* blocks of 9 need: expected 0, given 4/,
    )
  })

  it('keeps triangles and makes diagonals', async () => {
    const square = i64([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3])
    const results = await runCases([
      { op: 'Trilu', inputs: [square] },
      { op: 'Trilu', inputs: [square, i64([-1], [])], attributes: { upper: 0n }, dynamic: true },
      { op: 'EyeLike', inputs: [square], attributes: { k: 1n, dtype: 10n } },
    ])
    expect(results.map(([y]) => y!.values.map(Number))).toEqual([
      [1, 2, 3, 0, 5, 6, 0, 0, 9],
      [0, 0, 0, 4, 0, 0, 7, 8, 0],
      [0, 1, 0, 0, 0, 1, 0, 0, 0],
    ])
  })

  it('reverses sequences of their own lengths, none longer than the axis', async () => {
    const reverse = (lengths: number[]): Case => ({
      op: 'ReverseSequence',
      inputs: [f32([1, 2, 3, 4, 5, 6], [2, 3]), i64(lengths)],
      attributes: { batch_axis: 0n, time_axis: 1n },
    })
    const [y] = await runCase(reverse([2, 3]))
    expect(y!.values).toEqual([2, 1, 3, 6, 5, 4])
    await expect(runCase(reverse([2, 4]))).rejects.toThrow(/longer than its axis/)
  })
})

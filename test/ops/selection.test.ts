import { describe, expect, it } from 'vitest'
import { type Case, f32, i64, runCase, runCases, t } from './harness.ts'
import { ramp } from './indices.ts'

describe('ArgMax and ArgMin', () => {
  it('give the first, the last where asked, and NaN', async () => {
    const x = f32([1, 5, 5, 2, -1, NaN, 7, NaN], [2, 4])
    const attributes = { axis: 1n, keepdims: 0n }
    const results = await runCases([
      { op: 'ArgMax', inputs: [x], attributes },
      { op: 'ArgMax', inputs: [x], attributes: { ...attributes, select_last_index: 1n } },
      { op: 'ArgMin', inputs: [x], attributes },
      { op: 'ArgMin', inputs: [t('uint64', [2n ** 63n, 1, 1])] },
      { op: 'ArgMax', inputs: [t('float16', [0.5, 2, 1])], dynamic: true },
    ])
    expect(results.map(([result]) => result!.values)).toEqual([[1n, 1n], [2n, 3n], [0n, 1n], [1n], [1n]])
    expect(results[3]![0]!.dims).toEqual([1])
  })

  it('of nothing are errors', async () => {
    const one: Case = { op: 'ArgMax', inputs: [f32([], [2, 0])], attributes: { axis: 1n } }
    await expect(runCase(one)).rejects.toThrow(/axis 1 has no elements/)
    await expect(runCase({ ...one, dynamic: true })).rejects.toThrow(/the axis has no elements/)
  })
})

describe('TopK', () => {
  const values = ramp(40)

  it('agrees with sorting, for k known and unknown, largest and smallest', async () => {
    const ranked = (sign: number): number[][] =>
      [0, 1].map((row) => {
        const order = Array.from({ length: 20 }, (_, i) => i)
        return order.sort((a, b) => sign * (values[row * 20 + a]! - values[row * 20 + b]!) || a - b).slice(0, 7)
      })
    const cases = (['float32', 'float64', 'bfloat16'] as const).flatMap((type) =>
      [1n, 0n].flatMap((largest) =>
        [[1], []].map((constants): Case => ({
          op: 'TopK',
          inputs: [t(type, values, [2, 20]), i64([7])],
          attributes: { largest },
          outputs: 2,
          constants,
        })),
      ),
    )
    const results = await runCases(cases)
    cases.forEach(({ attributes }, i) => {
      const order = ranked((attributes as { largest: bigint }).largest ? -1 : 1)
      const [best, positions] = results[i]!
      expect(positions).toEqual({ type: 'int64', dims: [2, 7], values: order.flat().map(BigInt) })
      expect(best!.values).toEqual(order.flatMap((row, r) => row.map((at) => values[r * 20 + at])))
    })
  })

  // Sixteen that stay below the lowest of those kept are passed over at once.
  it.each([1, 0])('finds few of many, NaN among them (largest: %i)', async (largest) => {
    const values = Array.from({ length: 333 }, (_, i) =>
      i === 200 || i === 7 ? NaN : Math.round(50 * Math.sin(i * 1.7)),
    )
    const rank = (x: number): number => (Number.isNaN(x) ? 1000 : x)
    const sorted = values
      .map((x, i) => ({ x, i }))
      .toSorted((a, b) => (largest ? rank(b.x) - rank(a.x) : rank(a.x) - rank(b.x)) || a.i - b.i)
    for (const dims of [
      [1, 333, 1],
      [333, 1, 1],
    ]) {
      const attributes = { axis: BigInt(dims.indexOf(333)), largest: BigInt(largest) }
      for (const k of [1, 5, 40]) {
        const [best, positions] = await runCase({
          op: 'TopK',
          inputs: [f32(values, dims), i64([k])],
          attributes,
          outputs: 2,
        })
        expect(positions!.values.map(Number)).toEqual(sorted.slice(0, k).map(({ i }) => i))
        expect(best!.values.map((x) => Number(x) + 0)).toEqual(sorted.slice(0, k).map(({ x }) => x + 0))
      }
    }
  })

  it('keeps the order of equal elements, and works along any axis', async () => {
    const x = t('int8', [1, 3, 3, 1, 1, 3], [3, 2])
    const [best, positions] = await runCase({ op: 'TopK', inputs: [x, i64([2])], attributes: { axis: 0n }, outputs: 2 })
    expect(best!.values).toEqual([3, 3, 1, 3])
    expect(positions!.values).toEqual([1n, 0n, 0n, 2n])
  })

  it('refuses more than there is', async () => {
    const inputs = [f32([1, 2]), i64([3])]
    await expect(runCase({ op: 'TopK', inputs, constants: [1] })).rejects.toThrow(/k is 3, but axis 0 has 2 elements/)
    await expect(runCase({ op: 'TopK', inputs })).rejects.toThrow(/k is larger than the axis/)
    await expect(runCase({ op: 'TopK', inputs: [inputs[0], i64([-1])] })).rejects.toThrow(/negative/)
  })
})

it('Hardmax marks the first largest; up to opset 12 of all axes from one on', async () => {
  const x = f32([1, 3, 3, 5, 4, 2, 0, 9], [2, 2, 2])
  const [last] = await runCase({ op: 'Hardmax', inputs: [x], dynamic: true })
  expect(last!.values).toEqual([0, 1, 0, 1, 1, 0, 0, 1])
  const [middle] = await runCase({
    op: 'Hardmax',
    inputs: [f32([1, NaN, 3, 5, 4, NaN], [1, 3, 2])],
    attributes: { axis: 1n },
  })
  expect(middle!.values).toEqual([0, 1, 0, 0, 1, 0])
  const [flat] = await runCase({ op: 'Hardmax', inputs: [x] }, { opset: 11 })
  expect(flat!.values).toEqual([0, 0, 0, 1, 0, 0, 0, 1])
})

describe('CumSum and CumProd', () => {
  const x = t('int32', [1, 2, 3, 4, 5, 6], [2, 3])
  const axis = (value: number) => t('int32', [value], [])

  it('run along an axis that may be data', async () => {
    const results = await runCases(
      [
        { op: 'CumSum', inputs: [x, axis(1)] },
        { op: 'CumSum', inputs: [x, axis(-2)] },
        { op: 'CumSum', inputs: [x, axis(1)], attributes: { exclusive: 1n } },
        { op: 'CumSum', inputs: [x, axis(1)], attributes: { reverse: 1n }, constants: [1] },
        { op: 'CumProd', inputs: [x, axis(1)], attributes: { reverse: 1n, exclusive: 1n } },
        { op: 'CumSum', inputs: [t('float16', [0.5, 1, 2]), axis(0)], dynamic: true },
      ],
      { opset: 26 },
    )
    expect(results.map(([result]) => result!.values)).toEqual([
      [1, 3, 6, 4, 9, 15],
      [1, 2, 3, 5, 7, 9],
      [0, 1, 3, 0, 4, 9],
      [6, 5, 3, 15, 11, 6],
      [6, 3, 1, 30, 6, 1],
      [0.5, 1.5, 3.5],
    ])
  })

  it('run down many columns', async () => {
    const columns = 130
    const values = Array.from({ length: 3 * columns }, (_, i) => (i * 7) % 11)
    const inputs = [f32(values, [3, columns]), axis(0)]
    const results = await runCases([
      { op: 'CumSum', inputs },
      { op: 'CumSum', inputs, attributes: { exclusive: 1n, reverse: 1n } },
    ])
    const [a, b, c] = [0, 1, 2].map((row) => values.slice(row * columns, (row + 1) * columns))
    const rows = [a!, a!.map((x, i) => x + b![i]!), a!.map((x, i) => x + b![i]! + c![i]!)]
    const back = [b!.map((x, i) => x + c![i]!), c!, c!.map(() => 0)]
    expect(results.map(([result]) => result!.values)).toEqual([rows.flat(), back.flat()])
  })

  it('refuse an axis that is none', async () => {
    await expect(runCase({ op: 'CumSum', inputs: [x, axis(2)] })).rejects.toThrow(/the axis is out of range/)
    await expect(runCase({ op: 'CumSum', inputs: [x, axis(2)], constants: [1] })).rejects.toMatchObject({
      code: 'MODEL_AXIS',
    })
  })
})

describe('Range', () => {
  it('counts in every type, up and down, from bounds that are data', async () => {
    const scalar = (type: Parameters<typeof t>[0], value: number) => t(type, [value], [])
    const results = await runCases([
      { op: 'Range', inputs: [scalar('int64', 3), scalar('int64', 9), scalar('int64', 2)] },
      { op: 'Range', inputs: [scalar('int32', 10), scalar('int32', 4), scalar('int32', -4)], constants: [0, 1, 2] },
      { op: 'Range', inputs: [scalar('float32', 0), scalar('float32', 1), scalar('float32', 0.25)] },
      { op: 'Range', inputs: [scalar('float64', 1), scalar('float64', 0), scalar('float64', 1)] },
    ])
    expect(results.map(([result]) => result!.values)).toEqual([[3n, 5n, 7n], [10, 6], [0, 0.25, 0.5, 0.75], []])
  })

  it('without steps ends the call', async () => {
    const zero = i64([0], [])
    await expect(runCase({ op: 'Range', inputs: [zero, i64([5], []), zero] })).rejects.toThrow(/delta is 0/)
  })
})

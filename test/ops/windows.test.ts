import { describe, expect, it } from 'vitest'
import { type Case, close, f32, runCase, runCases } from './harness.ts'

// Windows over axes of which nothing is known at compile time, against windows laid one by one.

interface Setting {
  readonly kernel: number
  readonly stride: number
  readonly dilation?: number
  readonly pads?: readonly [begin: number, end: number]
  readonly auto?: 'VALID' | 'SAME_UPPER' | 'SAME_LOWER'
  readonly ceil?: boolean
}

const settings: readonly Setting[] = [
  { kernel: 2, stride: 2 },
  { kernel: 3, stride: 2 },
  { kernel: 2, stride: 3 },
  { kernel: 3, stride: 2, pads: [1, 1] },
  { kernel: 3, stride: 1, pads: [1, 0] },
  { kernel: 2, stride: 2, dilation: 2, pads: [1, 1] },
  { kernel: 3, stride: 3, pads: [1, 2] },
  { kernel: 3, stride: 2, auto: 'VALID' },
  { kernel: 3, stride: 1, auto: 'SAME_UPPER' },
  { kernel: 3, stride: 2, auto: 'SAME_UPPER' },
  { kernel: 4, stride: 3, auto: 'SAME_LOWER' },
  { kernel: 2, stride: 3, auto: 'SAME_LOWER' },
]
const more: readonly Setting[] = [
  { kernel: 2, stride: 3, pads: [0, 1] },
  { kernel: 1, stride: 4 },
  { kernel: 5, stride: 2, pads: [2, 2] },
]
const ceiled: readonly Setting[] = [
  ...settings.filter(({ auto }) => auto === undefined || auto === 'VALID'),
  ...more,
].map((setting) => ({ ...setting, ceil: true }))

/** Where the windows over an axis begin, and how far image and pads reach: begin, one after the end. */
interface Laid {
  readonly starts: readonly number[]
  readonly padded: readonly [number, number]
}

function lay({ kernel, stride, dilation = 1, pads = [0, 0], auto, ceil }: Setting, size: number, pools: boolean): Laid {
  const extent = (kernel - 1) * dilation + 1
  if (auto?.startsWith('SAME')) {
    const count = Math.ceil(size / stride)
    const total = Math.max(0, (count - 1) * stride + extent - size)
    const begin = auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)
    const starts = Array.from({ length: count }, (_, i) => i * stride - begin)
    return { starts, padded: [-begin, size + total - begin] }
  }
  const [begin, end] = auto === 'VALID' ? [0, 0] : pads
  const starts: number[] = []
  for (let at = -begin; ; at += stride) {
    const fits = at + extent <= size + end
    // One more where the last that fits leaves elements uncovered, or where the first overhangs by less than a step.
    const before = at === -begin ? at - stride + extent : (starts.at(-1) ?? Infinity) + extent
    const overhangs = pools && (ceil || at === -begin) && at < size && before < size + end
    if (!fits && !overhangs) return { starts, padded: [-begin, size + end] }
    starts.push(at)
  }
}

type Pool = (inside: readonly number[], padded: number) => number

/** x [2, height, width] through windows on both axes; `padded` of a pool counts the taps in image and pads. */
function slide(
  x: readonly number[],
  [height, width]: readonly [number, number],
  s: Setting,
  pool: Pool,
  pools: boolean,
) {
  const [down, across] = [lay(s, height, pools), lay(s, width, pools)]
  const taps = (start: number, { padded: [from, to] }: Laid): number[] =>
    Array.from({ length: s.kernel }, (_, i) => start + i * (s.dilation ?? 1)).filter((at) => at >= from && at < to)
  const values = [0, 1].flatMap((channel) =>
    down.starts.flatMap((top) =>
      across.starts.map((left) => {
        const under = taps(top, down).flatMap((y) => taps(left, across).map((at) => [y, at] as const))
        const inside = under.filter(([y, at]) => y >= 0 && y < height && at >= 0 && at < width)
        return pool(
          inside.map(([y, at]) => x[(channel * height + y) * width + at]!),
          under.length,
        )
      }),
    ),
  )
  return { dims: [1, 2, down.starts.length, across.starts.length], values }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

function attributes(s: Setting): Record<string, readonly bigint[] | string> {
  const both = (value: number): bigint[] => [BigInt(value), BigInt(value)]
  return {
    kernel_shape: both(s.kernel),
    strides: both(s.stride),
    ...(s.dilation && { dilations: both(s.dilation) }),
    ...(s.pads && { pads: [...both(s.pads[0]), ...both(s.pads[1])] }),
    ...(s.auto && { auto_pad: s.auto }),
  }
}

const sizes: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 1],
  [1, 3],
  [4, 2],
  [5, 6],
  [7, 8],
]
const image = (height: number, width: number): number[] =>
  Array.from({ length: 2 * height * width }, (_, i) => ((i * 7) % 11) + 1)

interface Trial {
  readonly label: string
  readonly run: Case
  readonly expected: { readonly dims: readonly number[]; readonly values: readonly number[] }
}

function trials(
  list: readonly Setting[],
  pools: boolean,
  of: (s: Setting) => Omit<Case, 'inputs'>,
  pool: Pool,
): Trial[] {
  return list.flatMap((s) =>
    sizes.flatMap(([height, width]): Trial[] => {
      const x = image(height, width)
      const expected = slide(x, [height, width], s, pool, pools)
      if (!pools && expected.dims.includes(0)) return []
      const run: Case = { ...of(s), inputs: [f32(x, [1, 2, height, width])], dynamic: true }
      return [{ label: `${run.op} ${JSON.stringify(s)} of ${height} by ${width}`, run, expected }]
    }),
  )
}

async function check(list: readonly Trial[]): Promise<void> {
  const results = await runCases(list.map(({ run }) => run))
  list.forEach(({ label, expected }, i) => {
    const [result] = results[i]!
    expect(result!.dims, label).toEqual(expected.dims)
    expect(close(result!.values, expected.values, 1e-5), `${label}: ${result!.values.join()}`).toBe(true)
  })
}

describe('windows over axes of unknown size', () => {
  const pools = [...settings, ...ceiled]
  const pooled =
    (op: string, more: Case['attributes'] = {}) =>
    (s: Setting) => ({
      op,
      attributes: { ...attributes(s), ceil_mode: BigInt(s.ceil ?? false), ...more },
    })

  it('MaxPool', () => check(trials(pools, true, pooled('MaxPool'), (inside) => Math.max(...inside))))

  it('AveragePool', () => check(trials(pools, true, pooled('AveragePool'), (inside) => sum(inside) / inside.length)))

  it('AveragePool that counts pads', () =>
    check(trials(pools, true, pooled('AveragePool', { count_include_pad: 1n }), (inside, taps) => sum(inside) / taps)))

  it('LpPool', () =>
    check(trials(pools, true, pooled('LpPool', { p: 1n }), (inside) => sum(inside.map((value) => Math.abs(value))))))

  // The channels' number is what the kernels channels-last ask for, so that one is known.
  it('Conv, channel by channel', async () => {
    const list = trials(settings, false, (s) => ({ op: 'Conv', attributes: { ...attributes(s), group: 2n } }), sum)
    const weighed = list.map((trial, i): Trial => ({
      ...trial,
      run: {
        ...trial.run,
        inputs: [
          ...trial.run.inputs,
          f32(Array(2 * kernelOf(trial) ** 2).fill(1), [2, 1, kernelOf(trial), kernelOf(trial)]),
        ],
        constants: i % 2 === 0 ? [1] : [],
      },
    }))
    await check(weighed)
  })

  it('a convolution that does not fit, and a pool of nothing, are errors of the run', async () => {
    const weights = f32(Array(9).fill(1), [1, 1, 3, 3])
    const conv: Case = { op: 'Conv', inputs: [f32([1, 2], [1, 1, 2, 1]), weights], constants: [1], dynamic: true }
    await expect(runCase(conv)).rejects.toThrow(/the window of size 3 does not fit into spatial axis 0/)
    const pool = pooled('MaxPool')({ kernel: 2, stride: 3 })
    await expect(runCase({ ...pool, inputs: [f32([], [1, 1, 0, 3])], dynamic: true })).rejects.toThrow(
      /spatial axis 0 has no elements to pool/,
    )
    const inside = pooled('MaxPool')({ kernel: 3, stride: 2, pads: [1, 1] })
    const [none] = await runCase({ ...inside, inputs: [f32([], [1, 1, 0, 3])], dynamic: true })
    expect(none).toMatchObject({ dims: [1, 1, 0, 2] })
  })
})

function kernelOf({ run }: Trial): number {
  return Number((run.attributes as Record<string, readonly bigint[]>)['kernel_shape']![0])
}

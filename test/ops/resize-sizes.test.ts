import { describe, expect, it } from 'vitest'
import { type AttributeSource, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { compileModel, f32, i64 } from './harness.ts'
import { apart, type Feeds, random, type Sessions, sessionsOf } from './sessions.ts'

// Every pair of an input's and an output's size, with one compilation for each way to give sizes: a wrong pixel hides in
// a pair in fifty. With `sizes` positions are quotients of integers, and so they are in this test; onnxruntime computes
// them in float32 and takes another pixel in one to four of a hundred pairs. With `scales` there is no exact number to
// hold on to, and float32 decides as onnxruntime has it.

const roundings = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const
const coordinates = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'] as const
type Rounding = (typeof roundings)[number]
type Coordinates = (typeof coordinates)[number]

/** ONNX Resize-19: the position of output element `at` of `wanted`, as numerator and denominator. */
function position(coordinates: Coordinates, at: number, size: number, wanted: number): readonly [number, number] {
  if (coordinates === 'asymmetric') return [at * size, wanted]
  if (coordinates === 'align_corners') return wanted === 1 ? [0, 1] : [at * (size - 1), wanted - 1]
  if (coordinates === 'pytorch_half_pixel' && wanted === 1) return [0, 1]
  return [(2 * at + 1) * size - wanted, 2 * wanted]
}

function nearest(coordinates: Coordinates, rounding: Rounding, size: number, wanted: number): number[] {
  return Array.from({ length: wanted }, (_, at) => {
    const [numerator, denominator] = position(coordinates, at, size, wanted)
    const low = Math.floor(numerator / denominator)
    const rest = numerator - low * denominator
    const up = {
      floor: false,
      ceil: rest > 0,
      round_prefer_floor: 2 * rest > denominator,
      round_prefer_ceil: 2 * rest >= denominator,
    }
    return Math.min(size - 1, Math.max(0, low + Number(up[rounding])))
  })
}

/** One Resize for each set of attributes, named by its place; all of the same inputs. */
function resizes(
  by: 'sizes' | 'scales',
  opset: number,
  axes: number,
  all: readonly NodeSource['attributes'][],
): ModelSource {
  const shape = Array.from({ length: axes }, (_, i) => `in${i}`)
  const given = opset === 10 ? ['x', 'to'] : by === 'sizes' ? ['x', 'roi', '', 'to'] : ['x', 'roi', 'to']
  return {
    opsets: { '': opset },
    inputs: {
      x: tensorType('float32', shape),
      to: tensorType(by === 'sizes' ? 'int64' : 'float32', [axes]),
      ...(opset > 10 && { roi: tensorType('float32', [2 * axes]) }),
    },
    outputs: Object.fromEntries(
      all.map((_, i) => [
        `${i}`,
        tensorType(
          'float32',
          shape.map((_, axis) => `out${axis}`),
        ),
      ]),
    ),
    nodes: all.map((attributes, i) => ({ op: 'Resize', inputs: given, outputs: [`${i}`], attributes: attributes! })),
  }
}

/** 0, 1, 2, … so that an element says where it comes from. */
function counted(size: number): Feeds {
  return { x: f32([...Array(size).keys()]), roi: f32([0, 1]) }
}

const kinds = coordinates.flatMap((coordinates) => roundings.map((rounding) => [coordinates, rounding] as const))
const nearestKinds = kinds.map(([coordinates, rounding]) => ({
  mode: 'nearest',
  coordinate_transformation_mode: coordinates,
  nearest_mode: rounding,
}))

function pairs(most: number): [number, number][] {
  const sizes = Array.from({ length: most }, (_, i) => i + 1)
  return sizes.flatMap((size) => sizes.map((wanted): [number, number] => [size, wanted]))
}

it('takes the pixel that the quotient of the sizes says, for 64 by 64 sizes', async () => {
  const model = await compileModel(resizes('sizes', 19, 1, nearestKinds))
  const wrong = pairs(64).flatMap(([size, wanted]) => {
    const results = model.runSync({
      x: Float32Array.from({ length: size }, (_, i) => i),
      to: BigInt64Array.of(BigInt(wanted)),
      roi: Float32Array.of(0, 1),
    })
    return kinds.flatMap(([coordinates, rounding], i) => {
      const given = [...(results[`${i}`]!.data as Float32Array)].join()
      return given === nearest(coordinates, rounding, size, wanted).join()
        ? []
        : [`${coordinates} ${rounding} ${size} to ${wanted}: ${given}`]
    })
  })
  expect(wrong).toEqual([])
})

const runtime = onnxruntime()
describe.runIf(runtime)('as onnxruntime', () => {
  const wrongs = async (
    sessions: Sessions,
    feedsOf: (size: number, wanted: number) => Feeds | undefined,
    most: number,
    tolerance: number,
    excused: (size: number, wanted: number, output: number) => boolean = () => false,
  ): Promise<string[]> => {
    const wrong: string[] = []
    for (const [size, wanted] of pairs(most)) {
      const feeds = feedsOf(size, wanted)
      if (!feeds) continue
      const [ours, theirs] = [sessions.ours(feeds), await sessions.theirs(feeds)]
      for (const name of Object.keys(theirs))
        if (apart(ours[name]!, theirs[name]!) > tolerance && !excused(size, wanted, Number(name)))
          wrong.push(`${name}: ${size} to ${wanted}: ${ours[name]!.values.join()} but ${theirs[name]!.values.join()}`)
    }
    return wrong
  }
  const scaleOf = (size: number, wanted: number): number => Math.fround(wanted / size)
  /** Elements that a scale makes. */
  const made = (size: number, wanted: number): number => Math.floor(Math.fround(size * scaleOf(size, wanted)))
  /** onnxruntime copies what keeps its size, whatever the scale. */
  const copied = (size: number, wanted: number): boolean => scaleOf(size, wanted) !== 1 && made(size, wanted) === size
  /** ONNX divides by the unrounded size with align_corners and when it crops (its own test downsample_scales_linear_align_corners). */
  const cutOff = (size: number, wanted: number): boolean => made(size, wanted) !== wanted

  it('takes the same pixel for scales', async () => {
    const sessions = await sessionsOf(runtime!, resizes('scales', 19, 1, nearestKinds))
    const feeds = (size: number, wanted: number): Feeds => ({ ...counted(size), to: f32([wanted / size]) })
    const excused = (size: number, wanted: number, i: number): boolean =>
      copied(size, wanted) || (kinds[i]![0] === 'align_corners' && cutOff(size, wanted))
    expect(await wrongs(sessions, feeds, 64, 0, excused)).toEqual([])
  })

  it('takes the same pixel as Resize-10, and as Resize-11 with tf_half_pixel_for_nn', async () => {
    const old = await sessionsOf(runtime!, resizes('scales', 10, 1, [{ mode: 'nearest' }]))
    const scales = (size: number, wanted: number): Feeds => ({ x: counted(size).x!, to: f32([wanted / size]) })
    expect(await wrongs(old, scales, 48, 0, copied)).toEqual([])
    const tf = roundings.map((nearest_mode) => ({
      mode: 'nearest',
      nearest_mode,
      coordinate_transformation_mode: 'tf_half_pixel_for_nn',
    }))
    const eleven = await sessionsOf(runtime!, resizes('scales', 11, 1, tf))
    expect(await wrongs(eleven, (...pair) => ({ ...scales(...pair), roi: f32([0, 1]) }), 48, 0, copied)).toEqual([])
  })

  it.each(['sizes', 'scales'] as const)('interpolates and crops the same for %s', async (by) => {
    const filters: readonly Readonly<Record<string, AttributeSource>>[] = [
      { mode: 'linear' },
      { mode: 'cubic' },
      { mode: 'cubic', exclude_outside: 1n },
      { mode: 'cubic', cubic_coeff_a: -0.5 },
    ]
    const antialiased = filters.map((filter) => ({ ...filter, antialias: 1n }))
    const crop = { coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: -9 }
    const crops = [...filters, ...roundings.map((nearest_mode) => ({ mode: 'nearest', nearest_mode }))]
    const all = [
      ...coordinates.flatMap((mode) =>
        [...filters, ...antialiased].map((filter) => ({ ...filter, coordinate_transformation_mode: mode })),
      ),
      ...crops.map((filter) => ({ ...filter, ...crop })),
    ]
    const sessions = await sessionsOf(runtime!, resizes(by, 19, 2, all))
    const next = random(1)
    const regions = [
      [0, 0, 1, 1],
      [0, 0.1, 1, 0.9],
      [0, -0.2, 1, 1.3],
      [0, 0.25, 1, 1],
      [0, 0.9, 1, 0.1],
    ]
    const feeds = (size: number, wanted: number): Feeds => ({
      x: f32(Array.from({ length: 2 * size }, next), [2, size]),
      to: by === 'sizes' ? i64([2, wanted]) : f32([1, wanted / size]),
      roi: f32(regions[(size + wanted) % regions.length]!),
    })
    const excused = (size: number, wanted: number, i: number): boolean => {
      const mode = String(all[i]!.coordinate_transformation_mode)
      if (
        mode === 'tf_crop_and_resize' &&
        (by === 'sizes' ? size : made(size, wanted)) === (by === 'sizes' ? wanted : size)
      )
        return true
      return by === 'scales' && (copied(size, wanted) || (/^(align|tf)/.test(mode) && cutOff(size, wanted)))
    }
    expect(await wrongs(sessions, feeds, 28, 2e-5, excused)).toEqual([])
  })

  it.each(['not_larger', 'not_smaller'])('keeps the aspect ratio the same when it should be %s', async (policy) => {
    const modes = ['nearest', 'linear', 'cubic'].map((mode) => ({ mode, keep_aspect_ratio_policy: policy }))
    const sessions = await sessionsOf(runtime!, resizes('sizes', 19, 2, modes))
    const next = random(2)
    const feeds = (size: number, wanted: number): Feeds => ({
      x: f32(Array.from({ length: 5 * size }, next), [5, size]),
      to: i64([wanted, 7]),
      roi: f32([0, 0, 1, 1]),
    })
    expect(await wrongs(sessions, feeds, 20, 2e-5)).toEqual([])
  })
})

import { type Call, type Convert, type Operators, refuse } from '../call.ts'

const big = (values: readonly number[]): bigint[] => values.map(BigInt)

/** Windows of a pool over the last `axes` axes; a stride that is not given is the kernel. */
function windows(
  call: Call,
  axes: number,
): { kernel_shape: bigint[]; strides: bigint[]; pads: bigint[]; ceil_mode: bigint } {
  const kernel = call.perAxis('kernel_size', axes)
  const stride = call.ints('stride', [])
  const pads = call.perAxis('padding', axes, [0])
  return {
    kernel_shape: big(kernel),
    strides: big(stride.length === 0 ? kernel : call.perAxis('stride', axes)),
    pads: big([...pads, ...pads]),
    ceil_mode: call.bool('ceil_mode', false) ? 1n : 0n,
  }
}

/** A pool of what has a batch: one is added where there is none. */
function batched(call: Call, axes: number, pool: (x: string) => readonly string[]): string[] {
  const self = call.tensor('self')
  if (self.sizes.length === axes + 2) return [...pool(self.name)]
  if (self.sizes.length !== axes + 1) return refuse(`its input is of rank ${self.sizes.length}`)
  return pool(call.w.unsqueeze(self.name, 0)).map((y) => call.w.squeeze(y, 0))
}

const averagePool =
  (axes: number): Convert =>
  (call) => {
    const { w } = call
    const attributes = windows(call, axes)
    const divisor = call.has('divisor_override') ? call.int('divisor_override') : undefined
    if (divisor !== undefined && attributes.ceil_mode) return refuse('its divisor_override with ceil_mode')
    const counted = divisor !== undefined || call.bool('count_include_pad', true) ? 1n : 0n
    const area = Number(attributes.kernel_shape.reduce((product, size) => product * size, 1n))
    return batched(call, axes, (x) => {
      const y = w.op('AveragePool', [x], { ...attributes, count_include_pad: counted })
      return [divisor === undefined ? y : w.op('Mul', [y, w.scalar(area / divisor, call.out.type)])]
    })
  }

/** With indices they are those within a plane: ONNX counts through the whole tensor. */
const maxPool =
  (axes: number): Convert =>
  (call) => {
    const attributes = { ...windows(call, axes), dilations: big(call.perAxis('dilation', axes, [1])) }
    if (call.outputs.length < 2) return batched(call, axes, (x) => [call.w.op('MaxPool', [x], attributes)])
    const plane = call.tensor('self').sizes.slice(-axes)
    const area = plane.every((size) => size !== undefined)
      ? call.w.scalar(BigInt(plane.reduce((product, size) => product * size, 1)), 'int64')
      : call.w.op('ReduceProd', [call.w.sizes(call.tensor('self').name, -axes)], { keepdims: 0n })
    return batched(call, axes, (x) => {
      const [y, index] = call.w.ops('MaxPool', [x], 2, attributes)
      return [y!, call.w.op('Mod', [index!, area])]
    })
  }

/**
 * Windows begin at floor(i · in / out) and end at ceil((i + 1) · in / out), which is a plain pool where `out` divides `in`, and
 * else a product with a matrix of weights on each axis. Source: ATen/native/AdaptivePooling.h.
 */
const adaptiveAveragePool =
  (axes: number): Convert =>
  (call) => {
    const self = call.tensor('self')
    const wanted = call.perAxis('output_size', axes)
    if (wanted.every((size) => size === 1)) return batched(call, axes, (x) => [call.w.op('GlobalAveragePool', [x])])
    const given = self.sizes.slice(-axes).map((size) => size ?? refuse('its input has no fixed size'))
    if (wanted.every((size, axis) => size > 0 && given[axis]! % size === 0)) {
      const kernel = big(wanted.map((size, axis) => given[axis]! / size))
      return batched(call, axes, (x) => [call.w.op('AveragePool', [x], { kernel_shape: kernel, strides: kernel })])
    }
    const rank = self.sizes.length
    return wanted.reduce((x, size, i) => {
      const perm = Array.from({ length: rank }, (_, axis) => axis)
      const axis = rank - axes + i
      ;[perm[axis], perm[rank - 1]] = [rank - 1, axis]
      const matrix = call.w.names.constant(self.type, [given[i]!, size], averages(given[i]!, size))
      return call.w.transpose(call.w.op('MatMul', [call.w.transpose(x, perm), matrix]), perm)
    }, self.name)
  }

/** [given, wanted], in rows. */
function averages(given: number, wanted: number): number[] {
  if (given * wanted > 1e6) return refuse('its sizes are too large where one does not divide the other')
  return Array.from({ length: given * wanted }, (_, i) => {
    const [row, column] = [Math.floor(i / wanted), i % wanted]
    const begin = Math.floor((column * given) / wanted)
    const end = Math.ceil(((column + 1) * given) / wanted)
    return row >= begin && row < end ? 1 / (end - begin) : 0
  })
}

const adaptiveMaxPool =
  (axes: number): Convert =>
  (call) => {
    const wanted = call.perAxis('output_size', axes)
    const given = call.tensor('self').sizes.slice(-axes)
    const kernel = wanted.map((size, axis) => {
      const of = given[axis]
      return of !== undefined && size > 0 && of % size === 0
        ? of / size
        : refuse('its output size does not divide its input')
    })
    const area = given.reduce<number>((product, size) => product * size!, 1)
    return batched(call, axes, (x) => {
      const [y, index] = call.w.ops('MaxPool', [x], 2, { kernel_shape: big(kernel), strides: big(kernel) })
      return [y!, call.w.op('Mod', [index!, call.w.scalar(BigInt(area), 'int64')])]
    })
  }

/** How positions of the output lie in the input; PyTorch gives either sizes or factors, of which factors count. */
function resized(call: Call, axes: number, attributes: Readonly<Record<string, string | number>>): string {
  const { w } = call
  const self = call.tensor(call.has('input') ? 'input' : 'self')
  const before = self.sizes.length - axes
  const factors = factorsOf(call, axes)
  if (factors) {
    const isExact = factors.every((factor, i) => {
      const [given, made] = [self.sizes[before + i], call.out.sizes[before + i]]
      const isKnown = given !== undefined && made === Math.floor(given * Math.fround(factor))
      return isKnown || (made === undefined && Math.fround(factor) === factor)
    })
    if (!isExact) return refuse('its scale_factors are rounded in ONNX, which gives another size')
    const scales = w.names.constant('float32', [self.sizes.length], [...Array<number>(before).fill(1), ...factors])
    return w.op('Resize', [self.name, '', scales], attributes)
  }
  const sizes = call.shape(call.list(call.has('output_size') ? 'output_size' : 'size'))
  return w.op('Resize', [self.name, '', '', w.concat([w.sizes(self.name, 0, before), sizes], 0)], attributes)
}

function factorsOf(call: Call, axes: number): number[] | undefined {
  if (call.has('scale_factors')) return call.floats('scale_factors')
  const names = axes === 1 ? ['scales'] : ['scales_d', 'scales_h', 'scales_w'].slice(-axes)
  const given = names.filter((name) => call.has(name))
  if (given.length === 0) return undefined
  return given.length === axes ? given.map((name) => call.float(name)) : refuse('it has a factor for some axes only')
}

const nearest =
  (axes: number): Convert =>
  (call) =>
    resized(call, axes, { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' })

const interpolated =
  (axes: number, mode: 'linear' | 'cubic'): Convert =>
  (call) => {
    const isAligned = call.bool('align_corners', false)
    return resized(call, axes, {
      mode,
      // With one position, PyTorch takes the first where corners are aligned, and the middle otherwise, as `half_pixel` does.
      coordinate_transformation_mode: isAligned ? 'align_corners' : 'half_pixel',
      ...(mode === 'cubic' && { cubic_coeff_a: -0.75 }),
    })
  }

/** Windows over space and resizing; all make fresh memory. */
export const pooling: Operators = {
  'aten.avg_pool1d.default': averagePool(1),
  'aten.avg_pool2d.default': averagePool(2),
  'aten.avg_pool3d.default': averagePool(3),
  'aten.max_pool1d.default': maxPool(1),
  'aten.max_pool2d.default': maxPool(2),
  'aten.max_pool3d.default': maxPool(3),
  'aten.max_pool2d_with_indices.default': maxPool(2),
  'aten.max_pool3d_with_indices.default': maxPool(3),
  'aten.adaptive_avg_pool1d.default': adaptiveAveragePool(1),
  'aten.adaptive_avg_pool2d.default': adaptiveAveragePool(2),
  'aten._adaptive_avg_pool2d.default': adaptiveAveragePool(2),
  'aten.adaptive_avg_pool3d.default': adaptiveAveragePool(3),
  'aten._adaptive_avg_pool3d.default': adaptiveAveragePool(3),
  'aten.adaptive_max_pool2d.default': adaptiveMaxPool(2),
  ...Object.fromEntries(
    ['vec', 'default'].flatMap((overload) => [
      [`aten.upsample_nearest1d.${overload}`, nearest(1)] as const,
      [`aten.upsample_nearest2d.${overload}`, nearest(2)] as const,
      [`aten.upsample_nearest3d.${overload}`, nearest(3)] as const,
      [`aten.upsample_linear1d.${overload}`, interpolated(1, 'linear')] as const,
      [`aten.upsample_bilinear2d.${overload}`, interpolated(2, 'linear')] as const,
      [`aten.upsample_trilinear3d.${overload}`, interpolated(3, 'linear')] as const,
      [`aten.upsample_bicubic2d.${overload}`, interpolated(2, 'cubic')] as const,
    ]),
  ),
}

import type { Dim } from '../../graph/dim.ts'
import type { Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { literal } from '../../lowering/c-text.ts'
import { choiceOf } from '../../graph/choice.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shapeFromContents } from '../../graph/shape-contents.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT } from './domain.ts'

// Where channels come last, the transposes around an operator meet those of its neighbours and go away.

function channelsFirst(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: [0, 3, 1, 2] })
}

function channelsLast(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: [0, 2, 3, 1] })
}

/** MaxPool of integers below nine bits. */
const NhwcMaxPool: LoweredOperator = {
  name: 'NhwcMaxPool',
  domain: MICROSOFT,
  rules: takes('x:byte[_, _, _, _]'),
  infer: sameAsFirst,
  decompose: (node, b) => [
    channelsLast(b, b.op('MaxPool', [channelsFirst(b, node.input(0))], Object.fromEntries(node.attributes))),
  ],
}

/** Conv of weights of [filters, height, width, channels / group]. */
const NhwcConv: LoweredOperator = {
  name: 'NhwcConv',
  domain: MICROSOFT,
  rules: takes('X:T[_, _, _, _] W:T[m, _, _, _] B?:T[m]', { T: 'float' }),
  infer: sameAsFirst,
  decompose(node, b) {
    const operands = [channelsFirst(b, node.input(0)), channelsFirst(b, node.input(1)), node.inputs[2]]
    return [channelsLast(b, b.op('Conv', operands, Object.fromEntries(node.attributes)))]
  },
}

/** Boxes of images, as shares of their height and width, each sampled to the size that `crop_size` says. */
const CropAndResize: LoweredOperator = {
  name: 'CropAndResize',
  domain: MICROSOFT,
  rules: takes('X:T[_, _, _, _] rois:T[r, 4] batch_indices:int32[r] crop_size:int32[2]', { T: 'float16|float32' }),
  sizedBy: [3],
  infer(node, context): ValueInfo[] {
    const [x, rois, size] = [node.input(0), node.input(1), node.input(3)]
    return [{ type: x.type, shape: [rois.dims[0]!, x.dims[1]!, ...shapeFromContents(node, size, context)] }]
  },
  decompose: widenNarrowFloats,
  sizes(node, k) {
    if (node.input(3).contents) return
    for (const [i, dim] of node.output().dims.slice(2).entries()) {
      k.failIf(`${k.input(3)}[${i}] < 0`, 'crop_size is negative')
      k.line(`*${k.symbol(dim)} = ${k.input(3)}[${i}];`)
    }
  },
  lower(node, k) {
    const [batch, channels, height, width] = node.input(0).dims as [Dim, Dim, Dim, Dim]
    const [boxes, , ...size] = node.output().dims as [Dim, Dim, Dim, Dim]
    const fields = [channels, height, width, ...size].map((dim) => k.dim(dim))
    const nearest = choiceOf(node, 'mode', 'bilinear', { bilinear: false, nearest: true })
    k.include('crop.h')
    k.line(
      `const om_crop crop = {${fields.join(', ')}, ${nearest}, ${literal('float32', node.float('extrapolation_value', 0))}};`,
    )
    k.line(`for (int64_t i = 0; i < ${k.dim(boxes)}; i++) {`)
    k.line(`const int64_t image = ${k.input(2)}[i];`)
    k.failIf(`image < 0 || image >= ${k.dim(batch)}`, 'a batch index is out of range')
    const of = `${k.input(0)} + image * ${k.count([channels, height, width])}`
    const to = `${k.output()} + i * ${k.count([channels, ...size])}`
    k.line(`om_crop_and_resize_f32(${of}, ${k.input(1)} + i * 4, ${to}, crop);\n}`)
  },
}

export const contribImages: readonly LoweredOperator[] = [NhwcMaxPool, NhwcConv, CropAndResize]

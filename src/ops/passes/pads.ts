import { numbersOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite } from '../../graph/rewrite.ts'
import { padsOf } from '../tensor/pad.ts'
import { beforeNchw, TO_NHWC, toNchw } from './channels-last.ts'

/** Zeros around what a convolution reads are pads of its own: tf2onnx and Keras write a Pad before each that has a stride. */
export const paddedConvolutions: readonly Rewrite[] = [convolutionOfPadded]

/** What is padded goes channels last with what it is between. */
export const padRules: readonly Rewrite[] = [sinkBelowPad]

/** Conv(Pad(x, zeros)) = Conv(x) with more pads. */
function convolutionOfPadded(node: Node, b: Builder): readonly Value[] | undefined {
  const pad = node.operator === 'Conv' ? node.input(0).producer : undefined
  const added = pad?.operator === 'Pad' && isOfZeros(pad) ? padsOf(pad) : undefined
  const auto = node.string('auto_pad', 'NOTSET')
  if (!pad || !added || (auto !== 'NOTSET' && auto !== 'VALID')) return undefined
  const [outside, spatial] = [added.slice(0, 2), added.slice(2)]
  if (outside.some(({ begin, end }) => begin !== 0 || end !== 0)) return undefined
  const sides = [...spatial.map(({ begin }) => begin), ...spatial.map(({ end }) => end)]
  const own = (auto === 'NOTSET' && node.ints('pads')) || sides.map(() => 0)
  const pads = sides.map((side, i) => (typeof side === 'number' && side >= 0 ? side + own[i]! : -1))
  if (own.length !== sides.length || pads.some((side) => side < 0)) return undefined
  const attributes = { ...Object.fromEntries(node.attributes), auto_pad: 'NOTSET', pads }
  return [b.op('Conv', [pad.input(0), ...node.inputs.slice(1)], attributes)]
}

function isOfZeros(pad: Node): boolean {
  if (pad.string('mode', 'constant') !== 'constant') return false
  const filler = pad.inputs[2]
  if (!filler) return pad.float('value', 0) === 0
  const number = filler.constant && numbersOf(filler.constant)?.[0]
  return number === 0
}

/** Pad(Transpose(image)) is a Transpose of the padded image, where not only the run's data say how much. */
function sinkBelowPad(node: Node, b: Builder): readonly Value[] | undefined {
  const x = node.operator === 'Pad' ? beforeNchw(node.inputs[0]) : undefined
  const pads = x && padsOf(node)
  if (!x || !pads) return undefined
  const turned = TO_NHWC.map((axis) => pads[axis]!)
  const list = b.dims([...turned.map(({ begin }) => begin), ...turned.map(({ end }) => end)])
  const value = node.float('value', 0)
  const filler = node.inputs[2] ?? (value === 0 ? undefined : b.scalar(value, x.type))
  return [toNchw(b, b.op('Pad', [x, list, filler], { mode: node.string('mode', 'constant') }))]
}

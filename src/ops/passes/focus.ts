import { shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite } from '../../graph/rewrite.ts'
import { stridedAxes } from '../tensor/slice.ts'
import { permutationOf } from '../tensor/transpose.ts'
import { samePermutation, TO_NHWC } from './channels-last.ts'

/**
 * What detectors begin with in place of a convolution with a stride ("Focus", Jocher, YOLOv5, 2020; YOLOX has it, too): every other
 * pixel of every other row, four times, as channels behind each other. Exported, these are eight slices, which are joined and
 * then turned; written once, they take half of the time.
 */
export const focusRules: readonly Rewrite[] = [joinedPhases]

/** Transpose(Concat(x[:, :, r::s, c::t], …)), channels last: of one image, in steps that all have in common. */
function joinedPhases(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.operator !== 'Transpose' || !samePermutation(permutationOf(node), TO_NHWC)) return undefined
  const joined = node.input(0).producer
  if (joined?.operator !== 'Concat' || joined.int('axis', 0) !== 1) return undefined
  const parts = joined.inputs.map((part) => phaseOf(part!))
  const [first] = parts
  if (!first || first.x.type !== 'float32' || typeof first.x.dims[1] !== 'number') return undefined
  const phases: number[] = []
  for (const part of parts) {
    if (part?.x !== first.x || part.steps.some((step, i) => step !== first.steps[i])) return undefined
    phases.push(...part.phase)
  }
  const together = b.op('SpaceToDepth2d', [first.x], { steps: first.steps, starts: phases }, 'om')
  const { dims } = node.output()
  if (shapeEquals(together.dims, dims)) return [together]
  // Concat has made sure that the phases have as many pixels: as many as one that begins with the first row or column.
  const isWhole = [0, 1].every((i) => parts.some((part) => part?.phase[i] === 0))
  return isWhole ? [b.refined(together, dims)] : undefined
}

interface Phase {
  readonly x: Value
  readonly steps: readonly [number, number]
  readonly phase: readonly [number, number]
}

/** What slices of rows, of columns or of both take of an image; `undefined` where there is none, or they take something else. */
function phaseOf(part: Value): Phase | undefined {
  const steps: [number, number] = [1, 1]
  const phase: [number, number] = [0, 0]
  let x = part
  while (x.producer?.operator === 'Slice' && x.rank === 4) {
    const axes = stridedAxes(x.producer)
    if (!axes || axes[0]!.step > 1 || axes[1]!.step > 1) return undefined
    for (const i of [0, 1]) {
      const { first, step } = axes[i + 2]!
      if (step === 1) continue
      if (steps[i] !== 1) return undefined
      steps[i] = step
      phase[i] = first
    }
    x = x.producer.input(0)
  }
  return x !== part && steps.some((step) => step > 1) ? { x, steps, phase } : undefined
}

import { type Dim, multiply, shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite } from '../../graph/rewrite.ts'
import { permutationOf } from '../tensor/transpose.ts'
import { beforeNchw, inputOfReshape, samePermutation, toNchw } from './channels-last.ts'

/**
 * Groups of channels that are dealt out among each other (Zhang et al., "ShuffleNet", arXiv:1707.01083): of an image that is
 * channels last, a small transpose of each pixel.
 */
export const shuffleRules: readonly Rewrite[] = [shuffleChannelsLast]

/** Of [n, groups, channels, h, w]. */
const SHUFFLED = [0, 2, 1, 3, 4]

/** Reshape(Transpose(Reshape(image, [n, groups, c, h, w])), [n, groups·c, h, w]) of what is channels last before a transpose. */
function shuffleChannelsLast(node: Node, b: Builder): readonly Value[] | undefined {
  const turn = inputOfReshape(node)?.producer
  if (turn?.operator !== 'Transpose' || !samePermutation(permutationOf(turn), SHUFFLED)) return undefined
  const apart = turn.input(0)
  const image = apart.producer && inputOfReshape(apart.producer)
  const last = beforeNchw(image)
  if (!image || !last || !shapeEquals(image.dims, node.output().dims)) return undefined
  const [n, groups, channels, h, w] = apart.dims as [Dim, Dim, Dim, Dim, Dim]
  const { dims } = last
  if (!shapeEquals(dims, [n, h, w, multiply(groups, channels)])) return undefined
  const shuffled = b.op('Transpose', [b.reshape(last, [n, h, w, groups, channels])], { perm: [0, 1, 2, 4, 3] })
  return [toNchw(b, b.reshape(shuffled, dims))]
}

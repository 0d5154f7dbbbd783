import { type Dim, dimEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite } from '../../graph/rewrite.ts'
import { permutationOf } from '../tensor/transpose.ts'
import { inputOfReshape, samePermutation, TO_NCHW, toNchw, transposeOf } from './channels-last.ts'

/**
 * Vision transformers see the pixels of an image [n, c, h, w] as tokens [n, h·w, c], by a Reshape and a Transpose. Of an
 * image that is channels last these are its elements as they lie.
 */
export const tokenRules: readonly Rewrite[] = [tokensOfImage, imageOfTokens]

const TURNED = [0, 2, 1]

/** Transpose(Reshape(image, [n, c, h·w])) of what is channels last before a transpose. */
function tokensOfImage(node: Node, b: Builder): readonly Value[] | undefined {
  if (!isTurn(node)) return undefined
  const flat = node.input(0)
  const image = flat.producer && inputOfReshape(flat.producer)
  const own = transposeOf(image)
  if (!image || !own || !samePermutation(own.perm, TO_NCHW) || !sameChannels(image, flat)) return undefined
  return [b.reshape(own.input, node.output().dims)]
}

/** Reshape(Transpose(tokens), [n, c, h, w]): an image that is channels last before a transpose. */
function imageOfTokens(node: Node, b: Builder): readonly Value[] | undefined {
  const flat = inputOfReshape(node)
  const turn = flat?.producer
  if (!turn || !isTurn(turn)) return undefined
  const image = node.output()
  if (image.rank !== 4 || !sameChannels(flat, image)) return undefined
  const [n, c, h, w] = image.dims as [Dim, Dim, Dim, Dim]
  return [toNchw(b, b.reshape(turn.input(0), [n, h, w, c]))]
}

function isTurn(node: Node): boolean {
  return node.op === 'Transpose' && node.domain === '' && samePermutation(permutationOf(node), TURNED)
}

/** Whether both have the same n and c in front. */
function sameChannels(a: Value, b: Value): boolean {
  return [0, 1].every((axis) => dimEquals(a.dims[axis]!, b.dims[axis]!))
}

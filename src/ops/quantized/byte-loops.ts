import { type Dim, isStatic } from '../../graph/dim.ts'

/** How loops over a result step in two tensors that are broadcast to it: as many numbers each as there are loops. */
export interface ByteLoops {
  readonly count: readonly number[]
  readonly a: readonly number[]
  readonly b: readonly number[]
}

/** The three loops of `om_byte_pairs`; `undefined` where sizes aren't known, or it takes more of them. */
export function byteLoops(a: readonly Dim[], b: readonly Dim[]): ByteLoops | undefined {
  if (!isStatic(a) || !isStatic(b)) return undefined
  const loops: { count: number; a: number; b: number }[] = []
  let [sizeA, sizeB] = [1, 1]
  for (let back = 1; back <= Math.max(a.length, b.length); back++) {
    const [countA, countB] = [a.at(-back) ?? 1, b.at(-back) ?? 1]
    if (countA === 1 && countB === 1) continue
    const count = countA === 1 ? countB : countA
    const [stepA, stepB] = [countA === 1 ? 0 : sizeA, countB === 1 ? 0 : sizeB]
    const inner = loops[0]
    // Axes that go on where the one before ends are one with it.
    if (inner && stepA === inner.a * inner.count && stepB === inner.b * inner.count) inner.count *= count
    else loops.unshift({ count, a: stepA, b: stepB })
    sizeA *= countA
    sizeB *= countB
  }
  while (loops.length < 3) loops.unshift({ count: 1, a: 0, b: 0 })
  const all = (of: 'count' | 'a' | 'b'): number[] => loops.map((loop) => loop[of])
  return loops.length === 3 ? { count: all('count'), a: all('a'), b: all('b') } : undefined
}

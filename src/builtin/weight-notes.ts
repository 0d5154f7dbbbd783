import { basename } from 'node:path'
import type { SmallWeights, StoredWeights } from '../graph/rewrites/small-weights.ts'
import type { Model } from '../onnx/model.ts'
import { percent } from '../graph/rewrites/percent.ts'
import { listed, quote } from '../runtime/shorten.ts'

/** What storing weights in fewer bytes saves and costs, in sentences. `bytes`: of all constants as they are stored now. */
export function weightNotes(
  { path }: Pick<Model, 'path'>,
  { type, stored, kept, already }: SmallWeights,
  bytes: number,
): string[] {
  const begin = `${basename(path)}, weights=${type}: `
  const reasons = [...new Set(kept.map(({ reason }) => reason))]
  const stays = reasons.map((reason) => {
    const names = kept.filter((weights) => weights.reason === reason).map(({ name }) => quote(name))
    return `${begin}${listed(names, 3)} stays float32: ${reason}`
  })
  return [begin + savings(stored, already, bytes), ...stays]
}

function savings(stored: readonly StoredWeights[], already: number, bytes: number): string {
  const worst = stored.toSorted((a, b) => a.error.rms - b.error.rms).at(-1)
  if (!worst) {
    return already > 0
      ? 'nothing changes, all weights take as few bytes already'
      : 'nothing changes, there are no float32 weights of 1 kB and two axes'
  }
  const before = stored.reduce((sum, weights) => sum + weights.bytes - weights.storedBytes, bytes)
  const counts = (['int8', 'float16'] as const).flatMap((type) => {
    const count = stored.filter(({ as }) => as === type).length
    return count > 0 ? [`${count} as ${type}`] : []
  })
  const { largest, rms } = worst.error
  return (
    `${kilobytes(before)} → ${kilobytes(bytes)} of weights (${counts.join(', ')}); ` +
    `furthest off is ${quote(worst.name)}, by ${percent(rms)} (RMS), at most ${percent(largest)} of its largest element`
  )
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`
}

import type { Model } from '../onnx/model.ts'
import type { Metadata } from '../runtime/metadata.ts'

/** Characters of all keys and values that a program carries: labels of ImageNet are 21,000, of 10,000 classes some 200,000. */
const MOST_CHARACTERS = 250_000

/** Keys of lists that are written as JSON: of a model's one list, or of a named input or output. */
const LISTS = /(?:^|\.)(?:labels|mean|std)$/

/** Of this package, for its own use: `dimension_ranges`. */
const OWN = /^unplugin-onnx-mlir\./

/**
 * What a model's file says of itself beside its graph, as a program has it. `labels`, `mean` and `std` (also `outputs.NAME.labels`, …)
 * are lists where their texts are JSON lists; all else is the file's text. What is beyond the bound is left out.
 */
export function modelMetadata({ metadata }: Pick<Model, 'metadata'>): {
  readonly kept: Metadata
  /** Keys of what is left out. */
  readonly left: readonly string[]
} {
  const kept = new Map<string, Metadata[string]>()
  const left: string[] = []
  let characters = 0
  for (const [key, text] of metadata) {
    if (OWN.test(key)) continue
    const size = key.length + text.length
    if (characters + size > MOST_CHARACTERS) {
      left.push(key)
      continue
    }
    characters += size
    kept.set(key, LISTS.test(key) ? listOf(text) : text)
  }
  return { kept: Object.fromEntries(kept), left }
}

/** A text that is a JSON list of texts, or of numbers, as that. */
function listOf(text: string): Metadata[string] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  // What is kept for later builds is JSON, which has no infinities: 1e999 is one.
  const isList = Array.isArray(value) && (value.every((one) => typeof one === 'string') || value.every(Number.isFinite))
  return isList ? (value as string[] | number[]) : text
}

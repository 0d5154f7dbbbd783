import type { Tensor } from '../onnx/model.ts'
import { tensorValues } from '../onnx/tensor.ts'
import type { Result } from '../runtime/results.ts'
import type { SignatureEntry } from '../runtime/signature.ts'
import { byElement } from './by-element.ts'
import { isTolerant } from './compare.ts'
import { valuesFromRuntime } from './runtime-tensor.ts'

/** How far an output is from what it should be, over all runs that were compared. */
export interface OutputDifference {
  readonly output: string
  /** Of floats the largest |a - e| as a share of the largest |e|; of all else the share of elements that are not equal. */
  readonly largest: number
  /** The same of the mean |a - e|; of all else the same as `largest`. */
  readonly mean: number
  readonly elements: number
  /** Why there is nothing to compare: another number of elements, NaN. Both shares are infinite then. */
  readonly problem?: string
}

type Results = Readonly<Record<string, Result>>

/** Gathers how far one build of a model is from another, run by run. */
export class OutputDifferences {
  private readonly entries: readonly SignatureEntry[]
  private readonly gathered = new Map<string, Gathered>()

  /** `outputs`: of the model's signature. */
  constructor(outputs: readonly SignatureEntry[]) {
    this.entries = outputs
  }

  add(actual: Results, expected: Results): void {
    const given = byElement(valuesFromRuntime(this.entries, actual))
    for (const [output, tensor] of byElement(valuesFromRuntime(this.entries, expected))) {
      const gathered = this.gathered.get(output) ?? new Gathered()
      this.gathered.set(output, gathered)
      gathered.add(given.get(output), tensor)
    }
  }

  get all(): readonly OutputDifference[] {
    return [...this.gathered].map(([output, gathered]) => ({ output, ...gathered.difference() }))
  }
}

class Gathered {
  private elements = 0
  private largest = 0
  private sum = 0
  /** The largest expected magnitude. */
  private scale = 0
  /** Whether elements are near each other, or else equal or not. */
  private areNumbers = true
  private problem: string | undefined

  add(actual: Tensor | undefined, expected: Tensor): void {
    const [shape, other] = [expected, actual].map((tensor) => tensor && `[${tensor.dims.join(', ')}]`)
    if (!actual || shape !== other) {
      this.problem ??= `its shape is ${other ?? 'missing'} instead of ${shape}`
      return
    }
    const [given, wanted] = [tensorValues(actual), tensorValues(expected)]
    const isNumber = isTolerant(expected)
    this.areNumbers = isNumber
    for (let i = 0; i < wanted.length; i++) {
      const [a, e] = [given[i]!, wanted[i]!]
      const off = a === e || Object.is(a, e) ? 0 : isNumber ? Math.abs(Number(a) - Number(e)) : 1
      if (!Number.isFinite(off)) this.problem ??= `element ${i} is ${String(a)} instead of ${String(e)}`
      const magnitude = Math.abs(Number(e))
      if (isNumber && magnitude < Infinity) this.scale = Math.max(this.scale, magnitude)
      this.largest = Math.max(this.largest, off)
      this.sum += off
    }
    this.elements += wanted.length
  }

  difference(): Omit<OutputDifference, 'output'> {
    const { elements, problem } = this
    if (problem !== undefined) return { largest: Infinity, mean: Infinity, elements, problem }
    const mean = this.sum / Math.max(1, elements)
    if (!this.areNumbers) return { largest: mean, mean, elements }
    const share = (off: number): number => (off === 0 ? 0 : off / this.scale)
    return { largest: share(this.largest), mean: share(mean), elements }
  }
}

import { CompileError, UsageError } from '../errors.ts'
import type { Model, OnnxDim, TypeInfo } from '../onnx/model.ts'
import { typeText } from '../onnx/type-proto.ts'
import { type Dim, isFresh, symbol, symbolName } from './dim.ts'
import type { Identities, ValueInfo } from './graph.ts'
import { listInfoOf, mapInfoOf } from './list.ts'

/** What is known of a model's inputs: stated by the file, fixed by the user, or learnt from its operators. */
export class InputReader {
  private readonly model: Model
  private readonly identities: Identities
  private readonly fixed: ReadonlyMap<string, number>
  private readonly unnamed = new Map<string, Dim>()

  /** `fixed`: sizes of dimensions by name. */
  constructor(model: Model, identities: Identities, fixed: ReadonlyMap<string, number>) {
    this.model = model
    this.identities = identities
    this.fixed = fixed
  }

  /** Every dimension that is to be fixed must be one of an input. */
  checkFixed(): void {
    const names = new Set(
      this.model.graph.inputs.flatMap(({ type }) => (type?.kind === 'tensor' ? type.shape : []) ?? []),
    )
    for (const name of this.fixed.keys()) {
      if (names.has(name)) continue
      const known = [...names].filter((dim) => typeof dim === 'string').map((dim) => JSON.stringify(dim))
      const there = known.length > 0 ? `Its inputs have ${known.join(', ')}` : 'Its inputs have no named dimensions'
      throw new UsageError(
        'USAGE_DIMS',
        `Model ${this.model.path}: no input has a dimension called ${JSON.stringify(name)}. ${there}.`,
        { model: this.model.path, dimension: name },
      )
    }
  }

  infoOf(name: string, type: TypeInfo | undefined): ValueInfo {
    const problem = (what: string): CompileError =>
      new CompileError('UNSUPPORTED_INPUT', `Model ${this.model.path}: input ${JSON.stringify(name)} ${what}.`)
    if (!type) throw problem('is of no stated type')
    if (type.kind === 'tensor') {
      if (!type.shape) throw problem('has no stated rank')
      return { type: type.type, shape: type.shape.map((dim) => this.dim(dim)) }
    }
    const info = type.kind === 'map' ? mapInfoOf(type) : listInfoOf(type)
    if (info) return info
    throw problem(
      `is ${typeText(type)}; what may be given are tensors, sequences and optionals of them, and maps to them`,
    )
  }

  /** A dimension of an input: as the file states it, fixed by an option, or as the graph's operators say. */
  private dim(stated: OnnxDim): Dim {
    const dim = this.statedDim(stated)
    const name = symbolName(dim)
    if (name === undefined) return dim
    this.identities.facts.addInput(name)
    return this.identities.facts.of(name) ?? dim
  }

  private statedDim(dim: OnnxDim): Dim {
    if (dim === undefined || dim === '') return this.identities.freshDim()
    if (typeof dim === 'number') return dim
    const fixed = this.fixed.get(dim)
    if (fixed !== undefined) return fixed
    if (!isFresh(dim)) return symbol(dim)
    // A name like `?` or `?1` says no more than none, but where it stands twice the dimensions are equal.
    const unnamed = this.unnamed.get(dim) ?? this.identities.freshDim()
    this.unnamed.set(dim, unnamed)
    return unnamed
  }
}

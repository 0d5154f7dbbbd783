import { CompileError } from '../errors/index.ts'
import type { Model, OnnxDim, TypeInfo } from '../onnx/model.ts'
import { typeText } from '../onnx/type-proto.ts'
import { type Dim, isFresh, symbol, symbolName } from './dim.ts'
import type { Identities, ValueInfo } from './graph.ts'
import { listInfoOf, mapInfoOf } from './list.ts'

/** What is known of a model's inputs: stated by the file or the user, or learnt from its operators. */
export class InputReader {
  private readonly model: Model
  private readonly identities: Identities
  private readonly unnamed = new Map<string, Dim>()

  constructor(model: Model, identities: Identities) {
    this.model = model
    this.identities = identities
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
      `is of type ${typeText(type)}; what may be given are tensors, sequences and optionals of them, and maps to them`,
    )
  }

  /** A dimension of an input: as it is stated, or as the graph's operators say. */
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
    if (!isFresh(dim)) return symbol(dim)
    // A name like `?` or `?1` says no more than none, but where it stands twice the dimensions are equal.
    const unnamed = this.unnamed.get(dim) ?? this.identities.freshDim()
    this.unnamed.set(dim, unnamed)
    return unnamed
  }
}

import { ModelError, type ErrorWhere } from '../errors/index.ts'
import type { onnx } from './generated/onnx.js'
import { defaultLimits, type ReadLimits, type ReadOptions } from './limits.ts'
import type { ModelFile } from './model.ts'
import { WireLimitError, WireReader } from './wire.ts'

/** Codes of the errors that reading a model throws. */
export type ModelErrorCode =
  /** There is no such file, or it can't be read. */
  | 'MODEL_UNREADABLE'
  /** The bytes are something other than an ONNX model. */
  | 'MODEL_NOT_ONNX'
  /** The file ends too early, or its protobuf is broken. */
  | 'MODEL_DAMAGED'
  /** IR version or opset outside the range that we read. */
  | 'MODEL_VERSION'
  /** One of `ReadLimits` is exceeded. */
  | 'MODEL_LIMIT'
  /** No graph, or a graph that computes nothing. */
  | 'MODEL_EMPTY'
  /** Names: missing, defined twice, used without being defined, or in a cycle. */
  | 'MODEL_GRAPH'
  /** A node or attribute breaks a rule of the format. */
  | 'MODEL_NODE'
  /** A type that is missing or that we don't read. */
  | 'MODEL_TYPE'
  /** A tensor whose shape, type and data don't agree. */
  | 'MODEL_TENSOR'
  /** Sound, but with operators or contents that are not converted to ONNX. */
  | 'MODEL_UNSUPPORTED'
  /** No signature of that name, or several and none chosen. */
  | 'MODEL_SIGNATURE'
  /** What is said of inputs and outputs that the file doesn't tell: nothing, or something else than it takes. */
  | 'MODEL_INPUTS'
  /** Only Python reads it, and fails. */
  | 'MODEL_PYTHON'
  /** Only Python reads it, and none may be run. */
  | 'MODEL_NO_PYTHON'
  /** An external data file that is missing, forbidden, too short or changed. */
  | 'MODEL_EXTERNAL_DATA'

/** The external data files of one model. */
export interface ExternalData {
  /** The `expected` bytes of one tensor. `entries` is its `external_data`. @throws ModelError `MODEL_EXTERNAL_DATA` */
  read(entries: readonly onnx.StringStringEntryProto[], expected: number, site: Site): Uint8Array
  /** A whole file beside the model. @throws ModelError `MODEL_EXTERNAL_DATA` */
  contents(location: string, site: Site): Uint8Array
  /** Those read so far. @throws ModelError where one changed meanwhile */
  files(site: Site): ModelFile[]
}

/** What one reading of one model shares: where it comes from, what it may use, and what it has used so far. */
export class Reading {
  /** Name of the model in messages. */
  readonly path: string
  readonly limits: ReadLimits
  /** Opens external data; absent where there is no directory it could be in. */
  readonly external: ExternalData | undefined
  readonly #used = { nodes: 0, tensorBytes: 0, denseBytes: 0 }

  constructor(path: string, options: ReadOptions = {}, external?: ExternalData) {
    this.path = path
    this.limits = { ...defaultLimits, ...options.limits }
    this.external = external
  }

  /** A part of the model, for messages about it: `what` names it, e.g. `initializer "W"`. */
  site(what: string, where: ErrorWhere = {}): Site {
    return new Site(this, what, where)
  }

  /** A part of the model that may have a name. */
  named(kind: string, name: string | null): Site {
    return this.site(name ? `${kind} ${quote(name)}` : kind)
  }

  /** Adds to what the whole model uses of a limit. */
  use(limit: 'nodes' | 'tensorBytes' | 'denseBytes', amount: number): number {
    return (this.#used[limit] += amount)
  }
}

/** The part of a model that is being read, so that every error can name it. */
export class Site {
  readonly reading: Reading
  readonly what: string
  readonly where: ErrorWhere

  constructor(reading: Reading, what: string, where: ErrorWhere) {
    this.reading = reading
    this.what = what
    this.where = where
  }

  /** The same node, another part of it. */
  part(what: string): Site {
    return new Site(this.reading, what, this.where)
  }

  /** Throws a `ModelError`. `text` goes on after the name of this part: what is wrong with it, and what to do. */
  fail(code: ModelErrorCode, text: string, data: Record<string, unknown> = {}): never {
    const { path } = this.reading
    const { node, op } = this.where
    const place = node === undefined ? '' : `node ${quote(node)}${op ? ` (${plain(op)})` : ''}: `
    throw new ModelError(code, `${path}: ${place}${this.what} ${text}`, { model: path, ...this.where, ...data })
  }

  /** Throws `MODEL_LIMIT` when `given` is more than the limit; `what` is what there is too much of. */
  bound(limit: keyof ReadLimits, given: number, what: string): void {
    const allowed = this.reading.limits[limit]
    if (given <= allowed) return
    this.fail('MODEL_LIMIT', `has ${what}; the limit is ${allowed}. Raise limits.${limit} if you trust the model.`, {
      limit,
      given,
      allowed,
    })
  }

  /** Counts towards a limit on the whole model. */
  use(limit: 'nodes' | 'tensorBytes' | 'denseBytes', amount: number): void {
    const unit = { nodes: 'nodes', tensorBytes: 'bytes of tensors', denseBytes: 'bytes of sparse tensors made dense' }[
      limit
    ]
    const total = this.reading.use(limit, amount)
    this.bound(limit, total, `brought the model to ${total} ${unit}`)
  }

  /** Runs something that reads protobuf or takes memory, and turns what it throws into a `ModelError`. */
  wire<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof ModelError || !(error instanceof Error)) throw error
      if (error instanceof WireLimitError) {
        const what = error.limit === 'stringBytes' ? 'a text of' : 'messages that take, once decoded, about'
        this.bound(error.limit, error.given, `${what} ${error.given} bytes`)
      }
      if (error.message === 'max depth exceeded') {
        this.fail('MODEL_LIMIT', 'nests its messages more than 100 deep, which no real model does.')
      }
      const why =
        error instanceof RangeError ? 'ends in the middle of a field' : `has broken protobuf (${error.message})`
      this.fail('MODEL_DAMAGED', `${why}: it is truncated, damaged or not ONNX. Download or export it again.`)
    }
  }

  /** Runs a generated decoder over a whole file. */
  message<T>(bytes: Uint8Array, decode: (reader: WireReader) => T): T {
    this.bound('fileBytes', bytes.length, `${bytes.length} bytes`)
    return this.wire(() => decode(new WireReader(bytes, this.reading.limits)))
  }
}

/** A name from a model, for a message: quoted, control characters escaped, shortened when it is huge. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name)
}

/** The name of an operator, for a message: as it is where it looks like one, otherwise quoted. */
export function plain(op: string): string {
  return /^[\w.:-]{1,100}$/.test(op) ? op : quote(op)
}

import type { Site } from '../../onnx/reading.ts'

/** What the pickles of torch.save hold of a tensor: a part of a storage, which is a file of the same archive. */
export interface PickledTensor {
  readonly kind: 'tensor'
  readonly storage: Storage
  readonly offset: number
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
}

interface Storage {
  readonly kind: 'storage'
  /** `FloatStorage` and the like. */
  readonly type: string
  /** Name of the file below `data/`. */
  readonly key: string
}

interface Global {
  readonly kind: 'global'
  readonly name: string
}

type Value = null | boolean | number | string | Value[] | Map<Value, Value> | PickledTensor | Storage | Global

const MARK: unique symbol = Symbol('mark')
const MOST_STEPS = 5_000_000

const isRecord = (value: Value | undefined, kind: string): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind

/** Functions of Python that may be called, done here; all do nothing but put data together. */
const functions: Readonly<Record<string, (args: readonly Value[]) => Value | undefined>> = {
  'collections OrderedDict': (args) => (args.length === 0 ? new Map<Value, Value>() : undefined),
  'torch._utils _rebuild_parameter': ([data]) => (isRecord(data, 'tensor') ? data : undefined),
  'torch._utils _rebuild_tensor_v2': ([storage, offset, sizes, strides]) =>
    isRecord(storage, 'storage') && isSize(offset) && isSizes(sizes) && isSizes(strides)
      ? { kind: 'tensor', storage: storage as Storage, offset, sizes, strides }
      : undefined,
}

const storages = /^torch (Float|Double|Half|BFloat16|Byte|Char|Short|Int|Long|Bool)Storage$/

/**
 * The dictionary of tensors in `data.pkl` of a torch.save archive, as torch 2.6 to 2.8 put weights into a `.pt2`. This is no
 * general reader of pickles, which run code: it knows the opcodes and globals that occur there, and refuses any other.
 * Source: Lib/pickletools.py of Python, torch/_utils.py.
 *
 * @throws ModelError `MODEL_DAMAGED`, `MODEL_UNSUPPORTED` naming the opcode or global
 */
export function readPickle(bytes: Uint8Array, site: Site): ReadonlyMap<string, PickledTensor> {
  const result = new Unpickler(bytes, site).run()
  if (!(result instanceof Map)) return site.fail('MODEL_UNSUPPORTED', 'has weights that are no dictionary of tensors.')
  const tensors = new Map<string, PickledTensor>()
  for (const [name, value] of result) {
    if (typeof name !== 'string' || !isRecord(value, 'tensor'))
      site.fail(
        'MODEL_UNSUPPORTED',
        `has among its weights ${JSON.stringify(String(name).slice(0, 100))}, which is no tensor.`,
      )
    tensors.set(name as string, value as PickledTensor)
  }
  return tensors
}

class Unpickler {
  private readonly bytes: Uint8Array
  private readonly data: DataView
  private readonly site: Site
  private readonly stack: (Value | typeof MARK)[] = []
  private readonly memo = new Map<number, Value>()
  private at = 0

  constructor(bytes: Uint8Array, site: Site) {
    this.bytes = bytes
    this.site = site
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  run(): Value {
    for (let step = 0; step < MOST_STEPS && this.at < this.bytes.length; step++) {
      const code = String.fromCharCode(this.bytes[this.at++]!)
      if (code === '.') return this.pop()
      const opcode = this.opcodes[code]
      if (!opcode) this.refuse(`the opcode 0x${code.charCodeAt(0).toString(16).padStart(2, '0')}`)
      opcode!()
    }
    return this.damaged()
  }

  private readonly opcodes: Readonly<Record<string, () => void>> = {
    '\x80': () => void this.take(1),
    N: () => this.push(null),
    '\x88': () => this.push(true),
    '\x89': () => this.push(false),
    K: () => this.push(this.data.getUint8(this.take(1))),
    M: () => this.push(this.data.getUint16(this.take(2), true)),
    J: () => this.push(this.data.getInt32(this.take(4), true)),
    '\x8a': () => this.push(this.long(this.data.getUint8(this.take(1)))),
    G: () => this.push(this.data.getFloat64(this.take(8))),
    X: () => this.push(this.text(this.data.getUint32(this.take(4), true))),
    ']': () => this.push([]),
    ')': () => this.push([]),
    '}': () => this.push(new Map()),
    '(': () => this.push(MARK),
    t: () => this.push(this.sinceMark()),
    '\x85': () => this.push(this.last(1)),
    '\x86': () => this.push(this.last(2)),
    '\x87': () => this.push(this.last(3)),
    a: () => this.appendAll([this.pop()]),
    e: () => this.appendAll(this.sinceMark()),
    s: () => this.setAll(this.last(2)),
    u: () => this.setAll(this.sinceMark()),
    q: () => this.remember(this.data.getUint8(this.take(1))),
    r: () => this.remember(this.data.getUint32(this.take(4), true)),
    h: () => this.recall(this.data.getUint8(this.take(1))),
    j: () => this.recall(this.data.getUint32(this.take(4), true)),
    c: () => this.push(this.global()),
    Q: () => this.push(this.storage()),
    R: () => this.reduce(),
  }

  private push(value: Value | typeof MARK): void {
    this.stack.push(value)
  }

  private pop(): Value {
    const value = this.stack.pop()
    return value === undefined || value === MARK ? this.damaged() : value
  }

  private last(count: number): Value[] {
    return Array.from({ length: count }, () => this.pop()).reverse()
  }

  private take(count: number): number {
    const { at } = this
    this.at += count
    return this.at <= this.bytes.length ? at : this.damaged()
  }

  private text(length: number): string {
    const from = this.take(length)
    return new TextDecoder().decode(this.bytes.subarray(from, from + length))
  }

  /** A little-endian integer in two's complement. */
  private long(length: number): number {
    const from = this.take(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[from + i]!)
    return Number(BigInt.asIntN(8 * length, value))
  }

  private sinceMark(): Value[] {
    const from = this.stack.lastIndexOf(MARK)
    if (from < 0) return this.damaged()
    return this.stack.splice(from).filter((value): value is Value => value !== MARK)
  }

  private appendAll(values: Value[]): void {
    const list = this.stack.at(-1)
    if (!Array.isArray(list)) return this.damaged()
    for (const value of values) list.push(value)
  }

  private setAll(pairs: Value[]): void {
    const map = this.stack.at(-1)
    if (!(map instanceof Map) || pairs.length % 2 === 1) return this.damaged()
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i]!, pairs[i + 1]!)
  }

  private remember(key: number): void {
    const value = this.stack.at(-1)
    this.memo.set(key, value === undefined || value === MARK ? this.damaged() : value)
  }

  private recall(key: number): void {
    const value = this.memo.get(key)
    this.push(value === undefined ? this.damaged() : value)
  }

  private global(): Value {
    const [module, name] = [this.line(), this.line()]
    const global = `${module} ${name}`
    if (!Object.hasOwn(functions, global) && !storages.test(global))
      this.refuse(`the global ${JSON.stringify(`${module}.${name}`.slice(0, 200))}`)
    return { kind: 'global', name: global }
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) return this.damaged()
    const text = this.text(end - this.at)
    this.at = end + 1
    return text
  }

  /** Of `('storage', type, key, location, elements)`. */
  private storage(): Value {
    const id = this.pop()
    const [tag, type, key] = Array.isArray(id) ? id : []
    const name = isRecord(type, 'global') ? storages.exec((type as Global).name)?.[1] : undefined
    return tag === 'storage' && name && typeof key === 'string' ? { kind: 'storage', type: name, key } : this.damaged()
  }

  private reduce(): void {
    const [args, callee] = [this.pop(), this.pop()]
    const name = isRecord(callee, 'global') ? (callee as Global).name : ''
    const call = Object.hasOwn(functions, name) ? functions[name] : undefined
    this.push((Array.isArray(args) ? call?.(args) : undefined) ?? this.damaged())
  }

  private refuse(what: string): never {
    return this.site.fail(
      'MODEL_UNSUPPORTED',
      `has pickled weights with ${what}, which tensors don't need and which may run code. Export it again with torch 2.9 or newer, which don't pickle.`,
    )
  }

  private damaged(): never {
    return this.site.fail('MODEL_DAMAGED', 'has pickled weights that are broken. Download or export it again.')
  }
}

function isSize(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isSizes(value: Value | undefined): value is number[] {
  return Array.isArray(value) && value.every(isSize)
}

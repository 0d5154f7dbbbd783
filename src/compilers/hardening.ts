import { totalmem } from 'node:os'
import { UsageError } from '../errors/index.ts'
import type { ModelReadOptions } from '../formats/front-end.ts'
import type { ReadLimits } from '../onnx/limits.ts'
import type { Request } from '../request/index.ts'
import { resolveTarget } from '../targets/index.ts'

const MiB = 2 ** 20

/** What an untrusted model may ask of this process, where the limits that users set don't say otherwise. */
const untrustedLimits: Partial<ReadLimits> = {
  fileBytes: 256 * MiB,
  messageBytes: 256 * MiB,
  stringBytes: MiB,
  nodes: 20_000,
  subgraphDepth: 8,
  rank: 16,
  elements: 2 ** 28,
  tensorBytes: 1024 * MiB,
  denseBytes: 64 * MiB,
}

/** How a request's model is read; an untrusted one within tighter limits, and from its own file only. */
export function readingOf(
  { directives }: Pick<Request, 'directives'>,
  options: ModelReadOptions = {},
): ModelReadOptions {
  const { signature, inputs, export: exported, untrusted } = directives
  const python = { ...options.python, signature, inputs, export: exported }
  const reading = { ...options, ...(signature !== '' && { signature }), python }
  if (!untrusted) return reading
  return {
    ...reading,
    limits: { ...untrustedLimits, ...options.limits },
    externalData: false,
    python: { ...python, isUntrusted: true },
  }
}

export interface CompileLimits {
  /** Milliseconds that the C compiler may take. */
  readonly timeout: number
  /** Bytes of resident memory that it and what it starts may use together. */
  readonly memory: number
}

/** What the C compiler may take. */
export function compileLimits({ directives }: Pick<Request, 'directives'>): CompileLimits {
  const most = Math.floor(totalmem() * 0.75)
  if (!directives.untrusted) return { timeout: 600_000, memory: most }
  return { timeout: 120_000, memory: Math.min(most, 4096 * MiB) }
}

/**
 * Says what the switch can't promise.
 *
 * @throws UsageError `USAGE_UNTRUSTED` where onnx-mlir is asked for: it parses the model itself, in C++
 */
export function expectHardened({ path, directives }: Request, warn: (line: string) => void): void {
  if (!directives.untrusted) return
  if (directives.compiler === 'onnx-mlir') {
    const message = `${path}: onnx-mlir is not run on untrusted models, as it reads them without limits. Use compiler=builtin, or untrusted=no if you trust the model.`
    throw new UsageError('USAGE_UNTRUSTED', message, { model: path })
  }
  if (resolveTarget(directives.target).arch === 'wasm32') return
  warn(
    `${path} is untrusted. It is compiled within limits, but to native code, which runs with all rights of the process that loads it: load it in a process or container of its own, or compile it with target=wasm, whose code is confined to memory of its own.`,
  )
}

import { dirname } from 'node:path'
import type { Signature } from '../../src/runtime/index.ts'
import { loadAddon } from '../../src/runtime/addon.ts'
import { NativeSession } from '../../src/runtime/native.ts'

/** A library that the built-in compiler made. */
export interface Made {
  readonly library: string
  readonly signature: Signature
}

/** A session of so many threads, with as many processors, by an addon at this path. */
export function openNative({ library, signature }: Made, threads: number, addon: string): NativeSession {
  const model = { ...signature, name: 'm.onnx' }
  const constantsFolder = dirname(library)
  const files = { library, constantsFolder, requires: undefined, threads: { threads, processors: 8 } }
  return new NativeSession(loadAddon(addon, 'm.onnx'), files, model)
}

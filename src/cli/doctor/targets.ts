import { rm } from 'node:fs/promises'
import { compileLibrary, findCc } from '../../toolchains/cc.ts'
import { compileWasm } from '../../toolchains/wasm.ts'
import { findWasm, npmClang } from '../../toolchains/wasm-find.ts'
import { resolveTarget, type Target, targets } from '../../targets/index.ts'
import type { Check } from './check.ts'

/** Which targets each installed C compiler can make; only this machine's is needed. */
export async function checkTargets(memoFolder: string | undefined, signal: AbortSignal): Promise<Check[]> {
  const host = resolveTarget('host')
  const made = new Map<string, string[]>()
  const reasons = new Map<string, string>()
  for (const target of targets) {
    signal.throwIfAborted()
    const result = await tryTarget(target, memoFolder, signal)
    if (typeof result === 'string') reasons.set(target.name, result)
    else {
      made.set(result.compiler, [...(made.get(result.compiler) ?? []), target.name])
    }
  }
  const unavailable = [...reasons.keys()]
  const missing = reasons.get(host.name)
  const runsAsWasm = !unavailable.includes('wasm')
  return [
    ...[...made].map(([compiler, names]): Check => ({
      name: 'C compiler',
      status: 'ok',
      found: `${compiler}\nmakes ${names.join(', ')}`,
      targets: names,
    })),
    ...(missing
      ? [
          {
            name: 'C compiler',
            status: runsAsWasm ? 'warning' : 'missing',
            found: `none for this machine (${host.name})${runsAsWasm ? ': models run as WebAssembly' : ''}`,
            advice: missing,
          } as const,
        ]
      : []),
    ...(unavailable.length > 0
      ? [
          {
            name: 'other targets',
            status: 'note',
            found: `no compiler for ${unavailable.join(', ')}`,
            reasons: Object.fromEntries(reasons),
          } as const,
        ]
      : []),
  ]
}

/** Includes what generated C includes, so that a compiler without a C library for the target is found out. */
const probe = `#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
__attribute__((visibility("default"))) double om_probe(double x) { return exp(x); }
`

/** The compiler that makes a library for the target, or why there is none. */
async function tryTarget(
  target: Target,
  memoFolder: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly compiler: string } | string> {
  try {
    const { compiler, folder } = await (target.arch === 'wasm32'
      ? tryWasm(target, memoFolder, signal)
      : tryNative(target, memoFolder, signal))
    await rm(folder, { recursive: true, force: true })
    return { compiler }
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  }
}

async function tryNative(target: Target, memoFolder: string | undefined, signal: AbortSignal) {
  const toolchain = await findCc({ target, ...(memoFolder && { memoFolder }) })
  const isObject = target.isBare === true
  const job = { source: probe, includeDirs: [], target, optimize: 0, toolchain, signal, isObject } as const
  const { folder } = await compileLibrary(job)
  return { compiler: `${toolchain.version} (${toolchain.command.join(' ')})`, folder }
}

async function tryWasm(target: Target, memoFolder: string | undefined, signal: AbortSignal) {
  const toolchain = await findWasm({ memoFolder })
  const source = '__attribute__((export_name("om_probe"))) int om_probe(void) { return 1; }'
  const { folder } = await compileWasm({ source, includeDirs: [], target, optimize: 0, toolchain, signal })
  const where = toolchain.kind === 'yowasp' ? npmClang : toolchain.command.join(' ')
  return { compiler: `clang ${toolchain.version} (${where})`, folder }
}

import { compileBuiltin, OM_BUILTIN_ABI } from '../builtin/index.ts'
import { findCc } from '../toolchains/cc.ts'
import { ownVersion } from '../cache/index.ts'
import type { Request } from '../request/index.ts'
import { resolveTarget } from '../targets/index.ts'
import type { Compiler } from './compiler.ts'
import { compileLimits } from './hardening.ts'

/** The built-in compiler with this machine's C compiler for the request's target. */
export async function builtinCompiler(request: Request, memoFolder: string | undefined): Promise<Compiler> {
  const target = resolveTarget(request.directives.target)
  const toolchain = await findCc({ target, ...(memoFolder && { memoFolder }) })
  const version = `${ownVersion()} ${toolchain.version}`
  return {
    name: 'builtin',
    identity: [version, toolchain.banner, toolchain.machine].join(' '),
    abi: OM_BUILTIN_ABI,
    async compile({ directives }, model, { stagingRoot, signal }) {
      const made = await compileBuiltin(model, {
        target,
        toolchain,
        stagingRoot,
        optimize: directives.O,
        profile: directives.profile === 'onnx',
        dims: new Map(Object.entries(directives.dims)),
        identity: `unplugin-onnx-mlir ${ownVersion()}`,
        limits: compileLimits(request),
        ...(signal && { signal }),
      })
      return {
        library: made.library,
        staging: made.folder,
        facts: {
          signature: made.signature,
          target: target.name,
          compiler: { name: 'builtin', version },
          seconds: made.seconds,
          notes: made.notes,
        },
      }
    },
  }
}

import { OM_BUILTIN_ABI } from '../builtin/abi.ts'
import type { BuiltinOptions } from '../builtin/index.ts'
import { findCc } from '../toolchains/find.ts'
import type { Toolchain } from '../toolchains/toolchain.ts'
import type { WasmToolchain } from '../toolchains/wasm-find.ts'
import { ownVersion } from '../cache/index.ts'
import { UsageError } from '../errors/index.ts'
import { asksForThreads, type Request } from '../request/index.ts'
import { resolveTarget, type Target } from '../targets/index.ts'
import type { Compiler } from './compiler.ts'
import { compileLimits } from './hardening.ts'

/** The built-in compiler with this machine's C compiler for the request's target, or what compiles to WebAssembly. */
export async function builtinCompiler(request: Request, memoFolder: string | undefined): Promise<Compiler> {
  const target = resolveTarget(request.directives.target)
  if (target.isBare) throw unloadable(request, target)
  if (target.arch === 'wasm32' && request.directives.profile !== 'none') throw unprofiled(request)
  const { toolchain, toolchainVersion, identity } = await toolchainFor(target, memoFolder)
  const version = `${ownVersion()} ${toolchainVersion}`
  return {
    name: 'builtin',
    // What a user says of a target decides, too.
    identity: [version, identity, ...(target.own ? [JSON.stringify(target)] : [])].join(' '),
    abi: OM_BUILTIN_ABI,
    async compile({ directives }, model, context) {
      const { stagingRoot, signal, addon } = context
      // Which a cache hit does without.
      const { compileBuiltin } = await import('../builtin/index.ts')
      const { nativeSharing, usualSharing } = await import('../builtin/shared-kernel.ts')
      const options: BuiltinOptions = {
        target,
        toolchain,
        stagingRoot,
        optimize: directives.O,
        profile: directives.profile === 'onnx',
        dims: new Map(Object.entries(directives.dims)),
        weights: directives.weights,
        identity: `unplugin-onnx-mlir ${ownVersion()}`,
        limits: compileLimits(request),
        // A native library is the same for any number of threads.
        sharing: target.arch !== 'wasm32' ? nativeSharing : asksForThreads(directives) ? usualSharing : undefined,
        ...(signal && { signal }),
      }
      const seconds = directives.tune
      const { made, tuned } =
        typeof seconds === 'number' && addon !== undefined
          ? await (
              await import('./tune/index.ts')
            ).tuneBuiltin(model, options, {
              ...context,
              seconds,
              addon: await addon(),
            })
          : { made: await compileBuiltin(model, options) }
      return {
        library: made.library,
        staging: made.folder,
        ...(made.weights && { constants: { path: made.weights, name: 'weights.bin' } }),
        ...(made.variants && { variants: made.variants }),
        facts: {
          signature: made.signature,
          target: target.name,
          compiler: { name: 'builtin', version },
          seconds: made.seconds,
          ...(made.flops !== undefined && { flops: made.flops }),
          ...(made.steadiness && { steadiness: made.steadiness }),
          ...(tuned && { tuned }),
          notes: made.notes,
        },
      }
    },
  }
}

interface Found {
  readonly toolchain: Toolchain | WasmToolchain
  readonly toolchainVersion: string
  /** What else tells it from others of the same version. */
  readonly identity: string
}

/** Of what compiles: arguments in CC change the code, too. */
function identityOf({ banner, machine, command: [, ...args] }: Toolchain): string {
  return [banner, machine, ...args].join(' ')
}

async function toolchainFor(target: Target, memoFolder: string | undefined): Promise<Found> {
  const memo = memoFolder ? { memoFolder } : {}
  if (target.arch === 'wasm32') {
    const { findWasm } = await import('../toolchains/wasm-find.ts')
    const toolchain = await findWasm(memo)
    return { toolchain, toolchainVersion: `clang ${toolchain.version}`, identity: toolchain.kind }
  }
  const toolchain = await findCc({ target, ...memo })
  return { toolchain, toolchainVersion: toolchain.version, identity: identityOf(toolchain) }
}

function unloadable({ path }: Request, { name }: Target): UsageError {
  const message = `${path}: nothing loads a library on ${name}. Link the model into a program: compile ${path} --target ${name} --emit c (or obj, archive).`
  return new UsageError('USAGE_TARGET', message, { model: path, target: name })
}

function unprofiled({ path }: Request): UsageError {
  const message = `${path}: profile=onnx is for native targets: a WebAssembly module has no clock of its own. Leave it out, or profile with target=host.`
  return new UsageError('USAGE_PROFILE', message, { model: path })
}

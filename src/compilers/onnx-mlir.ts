import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Store } from '../cache/index.ts'
import { canMake, crossReason, isForMachine } from '../onnx-mlir/capabilities.ts'
import type { DriveContext } from '../onnx-mlir/drive.ts'
import { describeInstallation, type Installation } from '../onnx-mlir/installation.ts'
import type { OnnxMlirOptions } from '../onnx-mlir/options.ts'
import { compilerIdentity, installationKey } from '../onnx-mlir/probe.ts'
import { onShutdown } from '../process/shutdown.ts'
import type { Request } from '../request/index.ts'
import { resolveTarget, type Target, targets } from '../targets/index.ts'
import { capabilityStore } from './capability-store.ts'
import type { Compiler } from './compiler.ts'
import type { FoundOnnxMlir, OnnxMlirSettings } from './look-for-onnx-mlir.ts'

/** Why an onnx-mlir can't make libraries for a target; `undefined` where it can. */
export function obstacle({ installation, capabilities }: FoundOnnxMlir, target: Target): string | undefined {
  if (target.arch === 'wasm32') return 'onnx-mlir makes no WebAssembly'
  if (canMake(capabilities, target)) return undefined
  if (isForMachine(capabilities, target))
    return `${describeInstallation(installation)} is too old to know ${target.name}`
  return `${describeInstallation(installation)} makes libraries for ${capabilities.arch ?? capabilities.triple}, and onnx-mlir can't cross-compile to ${target.platform ? target.name : target.arch}: ${crossReason(target)}`
}

/** What directives and settings together ask of onnx-mlir. */
export function askedOf(
  directives: Request['directives'],
  options: NonNullable<OnnxMlirSettings['options']> = {},
): OnnxMlirOptions {
  return {
    ...options,
    target: resolveTarget(directives.target),
    optimize: directives.O,
    dims: directives.dims,
    ...(directives.profile === 'onnx' && { instrument: { ...options.instrument, profile: 'onnx' } }),
  }
}

/** The limits of a compile, in the words of the driver. */
export function limitsOf({
  timeout,
  memory,
  keepTemp,
}: OnnxMlirSettings): Pick<DriveContext, 'timeoutMs' | 'memoryBytes' | 'keepTemp'> {
  return {
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(keepTemp !== undefined && { keepTemp }),
  }
}

/** onnx-mlir as a compiler for one request. */
export async function onnxMlirCompiler(
  { directives }: Request,
  { installation, capabilities }: FoundOnnxMlir,
  settings: OnnxMlirSettings,
  store: Store,
): Promise<Compiler> {
  const { options = {} } = settings
  const asked = askedOf(directives, options)
  const { target } = asked
  const cpu = cpuTarget(options.march, target, installation)
  const identity = compilerIdentity(installation, capabilities)
  return {
    name: 'onnx-mlir',
    identity: JSON.stringify([identity.version, await installationKey(installation), options]),
    abi: 0,
    async compile({ path }, model, { stagingRoot, signal, progress }) {
      // Which a cache hit does without.
      const { modelSignature, modelSteadiness, registryFor } = await import('./model-facts.ts')
      const { compileWithOnnxMlir } = await import('../onnx-mlir/compile.ts')
      const dims = new Map(Object.entries(directives.dims))
      const signature = modelSignature(model, dims)
      const steadiness = modelSteadiness(model, dims)
      const outDir = await mkdtemp(join(stagingRoot, 'onnx-mlir-'))
      const forget = onShutdown(() => rmSync(outDir, { recursive: true, force: true }))
      const made = await compileWithOnnxMlir(installation, model, asked, {
        outDir,
        stagingParent: stagingRoot,
        signature,
        capabilityStore: capabilityStore(store.folder),
        builtinCan: ({ domain, op }) =>
          registryFor(model).find(domain, op, model.opsets.get(domain) ?? 1) !== undefined,
        onProgress: (step) => progress?.({ model: basename(path), ...step }),
        ...(signal && { signal }),
        ...limitsOf(settings),
      })
        .catch(async (error: unknown) => {
          await rm(outDir, { recursive: true, force: true })
          throw error
        })
        .finally(forget)
      return {
        library: made.library,
        staging: outDir,
        ...(made.constants && { constants: made.constants }),
        facts: {
          signature,
          target: target.name,
          ...(cpu !== undefined && { cpu }),
          ...(made.nnpa && { accelerator: 'NNPA' }),
          compiler: made.compiler,
          seconds: made.seconds,
          ...(steadiness && { steadiness }),
          notes: made.notes,
        },
      }
    },
  }
}

/** The target that an option `march` amounts to. Of other CPU names (`znver3`) we can't tell what they need. */
function cpuTarget(march: string | undefined, { arch }: Target, { kind }: Installation): string | undefined {
  if (march === 'native') return kind === 'local' ? resolveTarget('host').name : undefined
  return targets.find((target) => target.name === march && target.arch === arch)?.name
}

import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Artifact, Signature } from '../cache/artifact.ts'
import { buildAddon } from '../builtin/addon.ts'
import { addonFolder, type Cache } from '../cache/index.ts'
import { CompileError } from '../errors/index.ts'
import { createNodeModel } from '../runtime/node.ts'
import { requirementsOf } from '../targets/index.ts'
import { probeInputs } from './probe.ts'

/** Rounds in which the candidates take turns: enough for a median, and short beside any compilation. */
const ROUNDS = 15
/** Largest accepted difference between two compilers' results, relative to the largest result. */
const AGREEMENT = 1e-3

/**
 * The fastest of several libraries of one model on this machine, once they agree on probe inputs (symbolic
 * dimensions are 1). Candidates take turns, so that a machine that slows down slows all of them.
 *
 * @throws CompileError `COMPILE_DISAGREE` when their results differ
 */
export async function fastestOf(
  artifacts: readonly Artifact[],
  cache: Cache,
  { log }: { log(line: string): void },
): Promise<Artifact> {
  const addon = await cache.store.writing((root) => buildAddon({ outDir: addonFolder(root), log }))
  // A library asks for its constants file by a name of its own, which is not the cache's.
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-fastest-'))
  try {
    for (const { constants } of artifacts) {
      if (constants) await symlink(resolve(constants.path), join(folder, constants.name))
    }
    return race(artifacts, { addon, constantsFolder: folder }, log)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function race(
  artifacts: readonly Artifact[],
  { addon, constantsFolder }: { readonly addon: string; readonly constantsFolder: string },
  log: (line: string) => void,
): Artifact {
  const models = artifacts.map((artifact) => ({
    artifact,
    times: [] as number[],
    model: createNodeModel(
      {
        name: artifact.compiler.name,
        signature: artifact.signature,
        target: artifact.target,
        compiler: artifact.compiler,
        requires: requirementsOf(artifact),
      },
      {
        addon,
        library: artifact.library,
        ...(artifact.constants && { constants: join(constantsFolder, artifact.constants.name) }),
      },
    ),
  }))
  const inputs = probeInputs(artifacts[0]!.signature)
  const results = models.map(({ model }) => model.runSync(inputs))
  for (const result of results.slice(1)) expectAgreement(artifacts[0]!.signature, results[0]!, result)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { model, times } of models) {
      const started = performance.now()
      model.runSync(inputs)
      times.push(performance.now() - started)
    }
  }
  const ranked = models
    .map(({ artifact, times, model }) => {
      model.dispose()
      return { artifact, median: times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]! }
    })
    .sort((a, b) => a.median - b.median)
  log(
    ranked.map(({ artifact, median }) => `${artifact.compiler.name} ${(median * 1000).toFixed(1)} µs`).join(', ') +
      ': the first is taken',
  )
  return ranked[0]!.artifact
}

type Results = ReturnType<ReturnType<typeof createNodeModel>['runSync']>

function expectAgreement({ outputs }: Signature, a: Results, b: Results): void {
  for (const { name } of outputs) {
    const [first, second] = [a[name]!.data, b[name]!.data].map((data) =>
      Array.from(data as ArrayLike<number | bigint>, Number),
    ) as [number[], number[]]
    const scale = first.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-5)
    const differs =
      first.length !== second.length || first.some((value, i) => Math.abs(value - second[i]!) > AGREEMENT * scale)
    if (differs) {
      throw new CompileError(
        'COMPILE_DISAGREE',
        `The compilers' libraries differ in output ${JSON.stringify(name)} on the same inputs. Pin one with compiler=builtin or compiler=onnx-mlir, and report the model.`,
      )
    }
  }
}

import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Artifact, Signature } from '../cache/artifact.ts'
import { buildAddon } from '../builtin/addon.ts'
import { addonFolder, type Cache } from '../cache/index.ts'
import { toleranceFor } from '../conformance/compare.ts'
import { CompileError } from '../errors/index.ts'
import { disagreement, type Results } from '../measure/agreement.ts'
import { modelLane } from '../measure/model-lane.ts'
import { timeInTurns } from '../measure/rounds.ts'
import { median } from '../measure/statistics.ts'
import { createNodeModel } from '../runtime/node.ts'
import { requirementsOf } from '../targets/index.ts'
import { probeInputs } from './probe.ts'

/** Rounds in which the candidates take turns: enough for a median, and short beside any compilation. */
const RACE = { rounds: 15, seconds: 4 }
/** Largest accepted difference between two compilers' results, relative to the largest result. */
const AGREEMENT = { rtol: 0, atolOfMax: 1e-3 }

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
    return await race(artifacts, { addon, constantsFolder: folder }, log)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function race(
  artifacts: readonly Artifact[],
  { addon, constantsFolder }: { readonly addon: string; readonly constantsFolder: string },
  log: (line: string) => void,
): Promise<Artifact> {
  const models = artifacts.map((artifact) => ({
    artifact,
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
  const lanes = models.map(({ model }, i) => modelLane(String(i), model, inputs))
  const samples = await timeInTurns(lanes, RACE)
  const ranked = models
    .map(({ artifact, model }, i) => {
      model.dispose()
      return { artifact, median: median(samples.get(String(i))!) }
    })
    .sort((a, b) => a.median - b.median)
  log(
    ranked.map(({ artifact, median: us }) => `${artifact.compiler.name} ${us.toFixed(1)} µs`).join(', ') +
      ': the first is taken',
  )
  return ranked[0]!.artifact
}

function expectAgreement({ outputs }: Signature, expected: Results, actual: Results): void {
  const problem = disagreement(outputs, actual, expected, (tensor) => toleranceFor(tensor, AGREEMENT))
  if (problem === undefined) return
  throw new CompileError(
    'COMPILE_DISAGREE',
    `On the same inputs, the compilers' libraries differ in ${problem}. Pin one with compiler=builtin or compiler=onnx-mlir, and report the model.`,
  )
}

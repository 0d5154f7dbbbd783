import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalInstallation } from '../../src/onnx-mlir/installation.ts'
import { readModel } from '../../src/formats/read.ts'
import { modelBytes, tensorType, type ModelSource } from '../../src/onnx/build.ts'
import type { Model } from '../../src/onnx/model.ts'
import type { Target } from '../../src/targets/target.ts'
import { targets } from '../../src/targets/table.ts'
import type { Signature } from '../../src/cache/artifact.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { type ElfSource, elfLibrary, entryPointSymbols, signatureText } from './elf-builder.ts'
import { type Generation, generations, helpText, versionText } from './generations.ts'

/** One prepared reaction of the stand-in. */
export interface Answer {
  /** Flag → the value it must have (`true` for a flag alone, `absent` for none). */
  readonly when: Readonly<Record<string, string>>
  readonly exit?: number
  readonly stdout?: string
  readonly stderr?: string
  /** Ending (`.so`) or flag that names the file → its content. */
  readonly files?: Readonly<Record<string, { base64?: string; text?: string; copy?: string }>>
  readonly ending?: 'hang' | 'eat memory' | 'crash'
  readonly signal?: NodeJS.Signals
}

/** What the stand-in saw of one call. */
export interface Asked {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly side: Readonly<Record<string, string>>
  readonly links: number
  readonly symbolic: boolean
  readonly cwd: string
}

export interface StandIn {
  readonly installation: LocalInstallation
  readonly folder: string
  asked(): readonly Asked[]
}

/** A folder for one test file; removed by `remove()`. */
export function workshop(name: string): { readonly folder: string; fresh(): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`))
  let count = 0
  return {
    folder,
    fresh() {
      const path = join(folder, String(count++))
      mkdirSync(path)
      return path
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export interface StandInOptions {
  readonly help?: string
  readonly version?: string
  readonly unknownFlagExit?: number
}

/** Installs a stand-in with these answers as `<folder>/bin/onnx-mlir`. */
export function installStandIn(folder: string, answers: readonly Answer[], texts: StandInOptions = {}): StandIn {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const path = join(bin, 'onnx-mlir')
  copyFileSync(join(import.meta.dirname, 'stand-in.cjs'), path)
  chmodSync(path, 0o755)
  const behaviour = { help: helpText('config-file'), version: versionText(), unknownFlagExit: 13, ...texts, answers }
  writeFileSync(join(bin, 'answers.json'), JSON.stringify(behaviour))
  const log = join(bin, 'asked.jsonl')
  return {
    installation: { kind: 'local', path },
    folder,
    asked: () =>
      existsSync(log)
        ? readFileSync(log, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Asked)
        : [],
  }
}

/** The texts of one generation of the driver. */
export function textsOf(generation: Generation, triple?: string): StandInOptions {
  const { unknownFlagExit } = generations[generation]
  return { help: helpText(generation), version: versionText(triple), unknownFlagExit }
}

export function target(name: string): Target {
  const found = targets.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no target ${name}`)
  return found
}

/** A model like the recorded `mlp`: two layers, a symbolic batch, named nodes. */
export const mlpSource: ModelSource = {
  opsets: { '': 17 },
  inputs: { x: tensorType('float32', ['batch', 32]) },
  outputs: { y: tensorType('float32', ['batch', 4]) },
  initializers: {
    w1: tensorFrom('float32', [32, 64], new Float32Array(32 * 64)),
    b1: tensorFrom('float32', [64], new Float32Array(64)),
    w2: tensorFrom('float32', [64, 4], new Float32Array(64 * 4)),
    b2: tensorFrom('float32', [4], new Float32Array(4)),
  },
  nodes: [
    { name: 'Gemm_0', op: 'Gemm', inputs: ['x', 'w1', 'b1'], outputs: ['h'] },
    { name: 'Relu_1', op: 'Relu', inputs: ['h'], outputs: ['r'] },
    { name: 'Gemm_2', op: 'Gemm', inputs: ['r', 'w2', 'b2'], outputs: ['l'] },
    { name: 'Softmax_3', op: 'Softmax', inputs: ['l'], outputs: ['y'] },
  ],
}
export const mlpSignature: Signature = {
  inputs: [{ name: 'x', type: 'float32', shape: ['batch', 32] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['batch', 4] }],
}

/** Writes a model into a folder and reads it back, as the pipeline does. */
export async function writeModel(folder: string, source: ModelSource = mlpSource, name = 'mlp.onnx'): Promise<Model> {
  const path = join(folder, name)
  writeFileSync(path, modelBytes(source))
  return readModel(path)
}

/** A library of the `mlp`, as a file of an answer. */
export function mlpLibrary(elf: Partial<ElfSource> = {}): { base64: string } {
  const inputs = signatureText([['"f32"', [-1, 32], 'x']])
  const outputs = signatureText([['"f32"', [-1, 4], 'y']])
  return { base64: elfLibrary({ symbols: entryPointSymbols(inputs, outputs), ...elf }).toString('base64') }
}

/** What the driver prints on the way to a library. */
export const libraryProgress = [
  '[1/6] Tue Mar 10 12:00:00 2026 (0s) Importing ONNX Model to MLIR Module from "model.onnx"',
  '[2/6] Tue Mar 10 12:00:00 2026 (0s) Compiling and Optimizing MLIR Module',
  '[3/6] Tue Mar 10 12:00:01 2026 (1s) Translating MLIR Module to LLVM and Generating LLVM Optimized Bitcode',
  '[4/6] Tue Mar 10 12:00:01 2026 (1s) Generating Object from LLVM Bitcode',
  '[5/6] Tue Mar 10 12:00:01 2026 (1s) Linking and Generating the Output Shared Library',
  '[6/6] Tue Mar 10 12:00:01 2026 (1s) Compilation completed. Generated "model.so"\n',
].join('\n')

/** The answer of a compiler that works. */
export const makesLibrary: Answer = { when: {}, stdout: libraryProgress, files: { '.so': mlpLibrary() } }

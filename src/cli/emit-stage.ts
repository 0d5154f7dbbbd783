import { emitStage } from '../onnx-mlir/compile.ts'
import { findOnnxMlir, missingOnnxMlir } from '../onnx-mlir/find.ts'
import type { Stage } from '../onnx-mlir/options.ts'
import { readModel } from '../onnx/read.ts'
import { parseRequest, type RequestOptions } from '../request/index.ts'
import { resolveTarget } from '../targets/index.ts'
import type { Invocation, Outcome } from './command.ts'
import { stemOf } from './model-build.ts'

/** Writes what onnx-mlir makes on the way to a library, e.g. its ONNX dialect or LLVM IR. */
export async function emitOnnxMlirStage(
  stage: Stage,
  id: string,
  out: string,
  options: RequestOptions,
  { progress, usage, warn, signal }: Pick<Invocation, 'progress' | 'usage' | 'warn' | 'signal'>,
): Promise<Outcome> {
  const { path, directives } = parseRequest(id, options)
  if (directives.compiler === 'builtin') throw usage(`--emit ${stage} is for onnx-mlir; the built-in compiler has c`)
  const target = resolveTarget(directives.target)
  const installation = await findOnnxMlir({ signal })
  if (!installation) throw missingOnnxMlir(target.name)
  const emitted = await emitStage(
    installation,
    await readModel(path),
    stage,
    stemOf(id),
    { target, optimize: directives.O, dims: directives.dims },
    { outDir: out, signal, onProgress: ({ text }) => progress(text) },
  )
  for (const note of emitted.notes) warn(note)
  return {
    ok: true,
    text: emitted.path,
    json: { path: emitted.path, stage, target: target.name, compiler: 'onnx-mlir', notes: emitted.notes },
  }
}

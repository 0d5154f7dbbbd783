import type { Stage } from '../onnx-mlir/options.ts'
import { parseRequest, type RequestOptions } from '../request/index.ts'
import type { Invocation, Outcome } from './command.ts'
import { expectStage, stageMaker } from './stage-maker.ts'

/** Writes what onnx-mlir makes on the way to a library, e.g. its ONNX dialect or LLVM IR. */
export async function emitOnnxMlirStage(
  stage: Stage,
  id: string,
  out: string,
  options: RequestOptions,
  invocation: Pick<Invocation, 'progress' | 'phase' | 'usage' | 'warn' | 'signal'>,
): Promise<Outcome> {
  const { usage, warn } = invocation
  const request = parseRequest(id, options)
  if (request.directives.compiler === 'builtin')
    throw usage(`--emit ${stage} is for onnx-mlir; the built-in compiler has c`)
  expectStage(stage, request, usage)
  const { make, target, compiler } = await stageMaker(request, invocation)
  const { path, notes } = await make(stage, out)
  for (const note of notes) warn(note)
  return { ok: true, text: path, json: { path, stage, target: target.name, compiler: compiler.name, notes } }
}

import { parseAst } from 'rolldown/parseAst'
import { builtinSource } from '../../dist/builtin/index.js'
import { inspectModel } from '../../dist/cli/inspection.js'
import { declarationSource } from '../../dist/emit/dts.js'
import { OnnxMlirError } from '../../dist/errors/index.js'
import { modelSignature } from '../../dist/compilers/model-signature.js'
import { pt2 } from '../../dist/formats/pt2/index.js'
import { tfjs } from '../../dist/formats/tfjs/index.js'
import { tflite } from '../../dist/formats/tflite/index.js'
import { decodeModel } from '../../dist/onnx/read.js'
import { Reading } from '../../dist/onnx/reading.js'
import { encodeModel } from '../../dist/onnx/write.js'
import { createReport } from '../../dist/report/report.js'
import { resolveTarget } from '../../dist/targets/index.js'

// What a model goes through between its bytes and its C, and which of its ends are right: a result, or an error of ours that
// somebody wrote for this cause.

const target = resolveTarget('host')

const stages = {
  signature: (model) => modelSignature(model),
  declarations: (model) => expectDeclarations(modelSignature(model)),
  source: (model) => builtinSource(model, { target, identity: 'fuzz' }),
  report: (model) => createReport(model, 'z16', {}),
  inspect: (model) => inspectModel(model, new Map(), target),
}

/** The names of the stages, in order. */
export const stageNames = ['decode', ...Object.keys(stages)]

/** How a stage ended: a kind is the same for the same cause, whatever the numbers and names of a model. */
/** @typedef {{ readonly stage: string, readonly kind: 'ok' | 'refused' | 'raw', readonly what: string, readonly error?: unknown }} End */

/**
 * Runs the stages on a model's bytes.
 *
 * @param {Uint8Array} bytes
 * @param {string | undefined} only one stage beside `decode`
 * @returns {End[]} one per stage that ran
 */
export function runStages(bytes, only) {
  let model
  const decoded = ending('decode', () => (model = decode(bytes)))
  if (decoded.kind !== 'ok') return [decoded]
  const others = Object.entries(stages).filter(([stage]) => only === undefined || stage === only)
  return [decoded, ...others.map(([stage, run]) => ending(stage, () => run(model)))]
}

/** As a file is read: by its contents, and what is not ONNX is converted first. */
function decode(bytes) {
  const frontEnd = [tflite, pt2, tfjs].find((candidate) => candidate.claims(bytes))
  const onnx = frontEnd ? encodeModel(frontEnd.convert(bytes, new Reading('m.onnx', {}, besides(bytes)), {})) : bytes
  return decodeModel(onnx, { path: 'm.onnx' })
}

/** The files beside a model of TensorFlow.js, which the corpus writes into it. */
function besides(bytes) {
  const [, text = ''] = /"bytes":"([\w+/=]*)"/.exec(Buffer.from(bytes).toString('latin1')) ?? []
  return { contents: () => Uint8Array.from(Buffer.from(text, 'base64')), read: () => new Uint8Array(), files: () => [] }
}

function ending(stage, run) {
  try {
    run()
    return { stage, kind: 'ok', what: '' }
  } catch (error) {
    return { stage, ...verdict(error), error }
  }
}

/** An error is raw where it isn't ours, or only repeats what the JavaScript engine said. */
function verdict(error) {
  if (!(error instanceof OnnxMlirError)) return { kind: 'raw', what: cause(error) }
  const inner = error.cause
  const isRaw = inner instanceof Error && !(inner instanceof OnnxMlirError) && inner.constructor !== Error
  return isRaw ? { kind: 'raw', what: cause(inner) } : { kind: 'refused', what: error.code }
}

function cause(error) {
  if (!(error instanceof Error)) return `thrown ${typeof error}`
  const text = error.message.replace(/"[^"]*"|'[^']*'|-?\d[\d.e+]*/g, '…').slice(0, 80)
  const lines = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  const frame = /(?:dist|protobufjs|fuzz)\/([^\s)]+)/.exec(lines.join('\n'))?.[1] ?? '?'
  return `${error.name}: ${text} @ ${frame.replace(/:\d+$/, '')}`
}

/** Declarations that don't parse, or whose types have other fields than the signature, are a fault of ours. */
class MalformedDeclarations extends Error {
  name = 'MalformedDeclarations'
}

function expectDeclarations(signature) {
  const { body } = parseAst(declarationSource(signature, { name: 'm' }), { lang: 'ts' })
  for (const side of ['inputs', 'outputs']) {
    const names = [...new Set(signature[side].map(({ name }) => name))]
    const alias = body.find(({ declaration }) => declaration?.id?.name.toLowerCase() === side)?.declaration
    const fields = (alias?.typeAnnotation.members ?? []).map(({ key }) => key.name ?? key.value)
    if (JSON.stringify(fields) !== JSON.stringify(names)) throw new MalformedDeclarations(`${side} differ`)
  }
}

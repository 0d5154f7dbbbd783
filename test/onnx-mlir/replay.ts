import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, mlpLibrary, type StandInOptions } from './installed.ts'
import { recording } from './recordings.ts'

/** Flags that decide which recording answers; the others are ours to choose and don't change what the real one said. */
const deciding = [
  'march',
  'mcpu',
  'maccel',
  'mtriple',
  'config-file',
  'profile-ir',
  'onnx-op-stats',
  'constants-to-file-total-threshold',
]
const emits = [
  'EmitONNXBasic',
  'EmitONNXIR',
  'EmitZHighIR',
  'EmitZLowIR',
  'EmitMLIR',
  'EmitLLVMIR',
  'EmitObj',
  'EmitLib',
  'EmitJNI',
]

/** The stand-in's answer from a recorded run. Recorded text is given as it is; libraries were not recorded, so one is made. */
export function replay(name: string, changes: Partial<Answer> = {}): Answer {
  const { args, exit, files, stdout, stderr, folder } = recording(name)
  const given = new Map(
    args
      .filter((arg) => arg.startsWith('--'))
      .map((arg) => [arg.slice(2).split('=')[0] ?? '', arg.split('=')[1] ?? 'true']),
  )
  const when = Object.fromEntries([
    ...deciding.map((flag) => [flag, given.get(flag) ?? 'absent'] as const),
    ...emits.filter((flag) => given.has(flag)).map((flag) => [flag, 'true'] as const),
  ])
  const copy = (file: string, fallback: object) =>
    existsSync(join(folder, file)) ? { copy: join(folder, file) } : fallback
  const products = files.map((file) => [file.name.replace(/^model/, ''), copy(file.name, mlpLibrary())] as const)
  const text = existsSync(join(folder, 'model.tmp')) ? [['.tmp', copy('model.tmp', {})] as const] : []
  const saved = existsSync(join(folder, 'config.json')) ? [['save-config-file', copy('config.json', {})] as const] : []
  const named = products.filter(([ending]) => ending === '.so' || ending === '.o' || ending === '.constants.bin')
  return {
    when,
    stdout,
    stderr,
    files: Object.fromEntries([...named, ...text, ...saved]),
    ...(typeof exit === 'number' && exit >= 0 ? { exit } : {}),
    ...(typeof exit === 'number' && exit < 0 ? { ending: 'crash', signal: 'SIGTRAP' } : {}),
    ...(exit === 'timeout' ? { ending: 'hang' } : {}),
    ...changes,
  }
}

/** What the recorded onnx-mlir says of itself, for a stand-in. */
export function recordedTexts(): StandInOptions {
  return { help: recording('help-hidden').stdout, version: recording('version').stdout, unknownFlagExit: 13 }
}

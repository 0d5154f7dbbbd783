import { basename } from 'node:path'
import { EnvironmentError } from '../../errors/index.ts'
import type { Site } from '../../onnx/reading.ts'
import { installs, type Python } from './find.ts'
import type { Failure } from './job.ts'
import { type Kind, kinds } from './options.ts'
import { sidecarPath } from './sidecar.ts'

/** What a failure of `convert.py` is to the user. @throws ModelError, or EnvironmentError where Python lacks something */
export function failed(failure: Failure, kind: Kind, python: Python, command: string, site: Site): never {
  const { code, message, files: watch = [] } = failure
  const { needs } = kinds[kind]
  const file = basename(site.reading.path)
  switch (code) {
    case 'NEED_INPUTS':
      // The file that the message asks for is not there yet.
      return site.fail('MODEL_INPUTS', needInputs(failure, kind, file), {
        arguments: failure.arguments,
        watch: [...watch, sidecarPath(site.reading.path)],
      })
    case 'INPUTS':
      return site.fail('MODEL_INPUTS', `does not fit what is said of its inputs and outputs: ${message}.`, { watch })
    case 'SIGNATURE':
      return site.fail(
        'MODEL_SIGNATURE',
        `has no such signature: ${message.replace(/\.$/, '')}. Choose one by ?signature=NAME.`,
      )
    case 'NO_EXPORT': {
      const there = failure.names?.length ? ` It has ${failure.names.join(', ')}.` : ''
      return site.fail('MODEL_PYTHON', `has no module to export: ${message}.${there}`, { names: failure.names, watch })
    }
    case 'NO_TORCH':
    case 'NO_KERAS':
    case 'NO_TENSORFLOW':
    case 'NO_ONNX':
    case 'TORCH_TOO_OLD':
      throw new EnvironmentError(
        'ENVIRONMENT_PYTHON',
        `${site.reading.path}: ${python.path} can't convert it: ${message}. Install what is missing: ${python.path} -m pip install ${installs[needs]}`,
        { model: site.reading.path, python: python.path },
      )
    case 'MODULE':
      return site.fail('MODEL_PYTHON', `fails in ${python.path}: ${message}. To see all of it: ${command}`, {
        command,
        watch,
      })
    default: {
      const advice = code === 'LOAD' ? 'It may be damaged, or of a newer version. ' : ''
      return site.fail(
        'MODEL_PYTHON',
        `is not converted by ${needs} ${python.version} of ${python.path}: ${message.replace(/\.$/, '')}. ${advice}To see all of it: ${command}`,
        { command, code, watch },
      )
    }
  }
}

/** The inputs in all ways to say them, with the names that `forward` has. */
function needInputs({ arguments: taken = [], missing: names = ['x'] }: Failure, kind: Kind, file: string): string {
  const query = names.map((name) => `${name}-float32-batch-3`).join(',')
  const json = JSON.stringify({ inputs: Object.fromEntries(names.map((name) => [name, 'float32[batch,3]'])) })
  const said = taken.map(({ name, type }) => `${name}: ${type}`).join(', ')
  const why = kind === 'module' ? 'does not say what inputs it takes' : 'stores no shapes of its inputs'
  const third = kind === 'module' ? ', or example_inputs in it' : ''
  return `${why} (${said || 'none that has a name'}). Say them with their own types and sizes: by the import, inputs=${query}; by ${sidecarPath(file)} beside it, ${json}${third}.`
}

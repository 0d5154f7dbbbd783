import { openCache } from '../cache/index.ts'
import { readingOf } from '../compilers/hardening.ts'
import type { ModelReadOptions } from '../formats/front-end.ts'
import { type PluginOptions, readingWith } from '../pipeline/index.ts'
import type { Request } from '../request/index.ts'
import type { Invocation, Option } from './command.ts'
import { operatorsOption } from './operators.ts'

/** The option `--python` of commands that read a model. */
export const pythonFlag: Option = {
  type: 'string',
  value: 'PATH',
  help: 'the Python that reads TorchScript, .py, .keras and SavedModels; false: none is run (default: the first that can)',
}

export function pythonOption({ values }: Pick<Invocation, 'values'>): Pick<PluginOptions, 'python'> {
  const { python } = values
  return python === undefined ? {} : { python: python === 'false' ? false : python }
}

/** How a command reads a model with these directives; what Python converts is kept in the cache. */
export async function readingFor(
  invocation: Pick<Invocation, 'values' | 'signal'>,
  of: Pick<Request, 'directives'>,
): Promise<ModelReadOptions> {
  const { values, signal } = invocation
  const { python } = pythonOption(invocation)
  const { store } = openCache({ ...(values['cache'] && { root: values['cache'] }) })
  return {
    ...readingOf(of, { python: { ...(python !== undefined && { interpreter: python }), store, warn: console.warn } }),
    ...(await readingWith(await operatorsOption(invocation))),
    signal,
  }
}

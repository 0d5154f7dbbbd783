import { UsageError } from '../errors/index.ts'
import type { OperatorDefinition } from '../ops/user/define.ts'
import type { Invocation, Option } from './command.ts'
import { loadModule } from './load-module.ts'

/** The option `--operators` of commands that read a model. */
export const operatorsFlag: Option = {
  type: 'string',
  value: 'FILE',
  help: 'a module whose default export is a list of defineOperator(…)',
}

/** The operators that the module of `--operators` defines. @throws UsageError `USAGE_OPERATOR` where it is no such module */
export async function operatorsOption({
  values,
}: Pick<Invocation, 'values'>): Promise<readonly OperatorDefinition[] | undefined> {
  const file = values['operators']
  if (file === undefined) return undefined
  const { default: list } = await loadModule('--operators', file, 'USAGE_OPERATOR')
  if (Array.isArray(list) && list.every((one) => typeof one === 'object' && one !== null))
    return list as OperatorDefinition[]
  throw new UsageError(
    'USAGE_OPERATOR',
    `--operators ${file}: its default export should be a list of defineOperator(…), but is ${list === undefined ? 'missing' : typeof list}.`,
  )
}

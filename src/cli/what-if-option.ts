import type { UsageError } from '../errors/index.ts'
import { isNnpaLevel, type NnpaLevel, nnpaLevels } from '../report/nnpa-level.ts'
import type { Sizes } from './dims.ts'

/** What a `--what-if` changes. */
export interface Change {
  readonly target?: NnpaLevel
  readonly dims: Sizes
  /** Path of a placement file. */
  readonly placement?: string
}

/** `dims=batch:32,seq:128,target=z17,placement=FILE`, in any order. @throws UsageError */
export function parseWhatIf(text: string, usage: (problem: string) => UsageError): Change {
  const parts = text.split(/,(?=(?:dims|target|placement)=)/).map((part) => part.split(/=(.*)/s))
  let change: Change = { dims: {} }
  for (const [key, value = ''] of parts) {
    if (key === 'target' && isNnpaLevel(value)) change = { ...change, target: value }
    else if (key === 'target')
      throw usage(`--what-if: target must be ${nnpaLevels.join(' or ')}, not ${JSON.stringify(value)}`)
    else if (key === 'dims') change = { ...change, dims: { ...change.dims, ...sizes(value, usage) } }
    else if (key === 'placement' && value !== '') change = { ...change, placement: value }
    else throw usage(`--what-if must be like dims=batch:32,target=z17, not ${JSON.stringify(text)}`)
  }
  return change
}

function sizes(text: string, usage: (problem: string) => UsageError): Sizes {
  const pairs = text.split(/(?<=:\d+),/).map((pair) => /^(.+):(\d+)$/s.exec(pair))
  return Object.fromEntries(
    pairs.map((pair) => {
      const size = Number(pair?.[2])
      if (!pair || size < 1 || !Number.isSafeInteger(size))
        throw usage(`--what-if: dims must be like batch:32,seq:128, each at least 1, not ${JSON.stringify(text)}`)
      return [pair[1]!, size]
    }),
  )
}
